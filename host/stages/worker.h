#pragma once

namespace planwright {

/// The program behind the hidden command `planwright plugin-worker`: one instance of one stage of
/// a plugin, loaded as a host loads it, which serves the frames (frames.h) that come on descriptor
/// `fd`, a socket. What it offers to the stage, it asks of its host. It ends with the socket.
/// Returns the exit code.
int workerMain(int fd);

}  // namespace planwright
