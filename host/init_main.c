/* planwright-init REPORT SELF PROGRAM [ARGUMENT]...: runs the program inside of bwrap, which says 128 + N when signal N
 * ended it, and so does a program that exits with 128 + N by itself. If it was a signal, its number is written to the
 * descriptor REPORT as one byte. SELF is the descriptor that this program was started from. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const int kIgnored[] = {SIGTERM, SIGINT, SIGHUP}; /* they are for the program, whose end we wait for */

static void handle(void (*how)(int)) {
  for (size_t i = 0; i < sizeof kIgnored / sizeof *kIgnored; ++i) signal(kIgnored[i], how);
}

int main(int argc, char **argv) {
  int status = 0;
  if (argc < 4) return 125;
  const int report = atoi(argv[1]);
  close(atoi(argv[2]));
  fcntl(report, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_DUMPABLE, 0); /* else the program could write there through /proc */
  handle(SIG_IGN);
  const pid_t program = fork();
  if (program == 0) {
    handle(SIG_DFL);
    execvp(argv[3], argv + 3);
    fprintf(stderr, "cannot run '%s': %s\n", argv[3], strerror(errno));
    _exit(127);
  }
  if (program < 0) {
    fprintf(stderr, "no process to be had for '%s': %s\n", argv[3], strerror(errno));
    return 126;
  }
  while (waitpid(program, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  const unsigned char number = (unsigned char)WTERMSIG(status);
  if (write(report, &number, 1) != 1) return 128 + number;
  return 128 + number;
}
