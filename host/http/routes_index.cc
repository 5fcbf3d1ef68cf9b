// The package index: /simple/QUEUE/ and /simple/QUEUE@PLAN/ (control/package_index.h).
#include <string>
#include <utility>
#include <vector>

#include "artifacts/wheel_name.h"
#include "base/digest.h"
#include "base/percent_encoding.h"
#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

/// The forms of a page. Browsers and installers from before PEP 691 ask for the first.
const std::vector<std::string_view> kTypes = {"text/html", "application/vnd.pypi.simple.v1+html",
                                              "application/vnd.pypi.simple.v1+json",
                                              "application/vnd.pypi.simple.latest+json"};

struct PageType {
  IndexForm form;
  std::string contentType;
};

PageType pageTypeOf(const Request& request) {
  switch (preferredType(request.headers.getOr("Accept"), kTypes)) {
    case 0:
      return {IndexForm::Html, "text/html; charset=utf-8"};
    case 1:
      return {IndexForm::Html, std::string(kTypes[1])};
    default:
      return {IndexForm::Json, std::string(kTypes[2])};
  }
}

Response textResponse(Result<std::string> text, const std::string& contentType) {
  if (!text) return problem(text.error());
  const std::string tag = Digest::of(*text).text();
  return Response::text(std::move(*text), contentType).etag(tag).with("Vary", "Accept");
}

Response textResponse(LateText text, const std::string& contentType) {
  auto answer = [make = std::move(text.make), contentType] {
    return textResponse(make(), contentType);
  };
  return text.isAtOnce ? answer() : Response::late({std::move(answer)});
}

/// `path` is relative, so that it holds behind any proxy.
Response movedTo(std::string path) {
  return Response::text("", "text/plain", 301).with("Location", std::move(path));
}

Response projectsPage(Control& control, const Request& request) {
  const PageType type = pageTypeOf(request);
  return textResponse(control.index.projects(std::string(request.param("index")), type.form),
                      type.contentType);
}

Response projectPage(Control& control, const Request& request) {
  const std::string_view asked = request.param("project");
  const std::string project = normalisedProject(asked);
  if (project != asked) return movedTo("../" + percentEncoded(project) + "/");
  const PageType type = pageTypeOf(request);
  auto page = control.index.project(std::string(request.param("index")), project, type.form);
  if (!page) return problem(page.error());
  return textResponse(std::move(*page), type.contentType);
}

/// A wheel, or its METADATA (PEP 658).
Response file(Control& control, const Request& request) {
  constexpr std::string_view kMetadata = ".metadata";
  const std::string contentType = "application/octet-stream";
  const std::string digest = "sha256:" + std::string(request.param("digest"));
  std::string name(request.param("file"));
  // A digest alone says nothing of a queue.
  if (request.caller.queues && !control.index.lists(std::string(request.param("index")), digest))
    return problem(404, "not-found", "The index does not list this file; read its page again.");
  if (!name.ends_with(kMetadata))
    return contentResponse(control.contents.wheel(digest, name), contentType, false);
  name.resize(name.size() - kMetadata.size());
  return textResponse(control.index.metadata(digest, name), contentType);
}

Response noIndex(Control&, const Request&) {
  return problem(404, "not-found",
                 "The package index of a queue is at /simple/QUEUE/, that of one of its plans at "
                 "/simple/QUEUE@PLAN/.");
}

Response withSlash(Control&, const Request& request) {
  return movedTo("." + request.path.substr(request.path.rfind('/')) + "/");
}

}  // namespace

void addIndexRoutes(Router& router, Control& control) {
  const auto page = [&](const std::string& path, Response (*make)(Control&, const Request&)) {
    router.get(path, withQuery({}, [&control, make](const Request& request) {
                 return make(control, request);
               }));
  };
  page("/simple", noIndex);
  page("/simple/", noIndex);
  page("/simple/{index}", withSlash);
  page("/simple/{index}/", projectsPage);
  page("/simple/{index}/{project}", withSlash);
  page("/simple/{index}/{project}/", projectPage);
  page("/simple/{index}/{project}/{digest}/{file}", file);
}

}  // namespace planwright
