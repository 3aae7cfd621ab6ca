// Signals to runt that belong to the container.
#pragma once

namespace addon {

// Starts catching all signals that are forwarded, and SIGCHLD. Once for the process. Out: 0, or
// the errno. From then on nothing but SIGKILL, SIGSTOP and a crash ends runt from outside.
int catch_signals();

// Reading end of the pipe into which each caught signal writes its number, one byte; -1 before.
int signal_pipe();

// Empties the pipe: is there a signal among them that asks a program to end (HUP, INT, QUIT, TERM)?
bool asked_to_end();

}  // namespace addon
