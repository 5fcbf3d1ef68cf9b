#include "application/serve.h"

#include <cstdio>

namespace planwright {

int serve(const Config&, const ServeOptions&) {
  std::fputs("planwright serve: not in this build yet\n", stderr);
  return 1;
}

}  // namespace planwright
