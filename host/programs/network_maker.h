#pragma once

namespace planwright {

/// The program behind `planwright-worker program-network FILE` (outgoing_network.h starts it). It
/// makes a network namespace that packets leave for other machines only, and becomes slirp4netns
/// (if it is root) or pasta, which carries them until it is ended. FILE becomes the resolv.conf of
/// programs in that network. When all is ready, descriptor 0, a socket, gets one packet with the
/// namespaces to enter, in their order. Returns the exit code if something is missing; stderr says
/// what.
int networkMain(int argc, char** argv);

}  // namespace planwright
