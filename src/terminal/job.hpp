// Ctrl-Z: the job stops, and with it the shell gets its terminal back. Lesson 12.
// A job is a process group: behind `make client-12` it is make, a shell and the program, and the
// shell at the terminal waits until all of them have stopped. signal(7), credentials(7).
// Leaves out: the terminal's mode, which belongs to the one that changed it (prompt).
#pragma once

namespace terminal {

// Both return when the program has been continued. Where nobody could continue it (it leads its
// session, or its shell has gone) the kernel lets nothing stop, and they return at once.
// For the main thread; SIGTSTP may be blocked.

// A key asks for it: all processes of our job stop.
void stop_job();

// SIGTSTP has come and was caught: what it would have done by itself. The others of the job have
// got their own, if they were to.
void stop_process();

}  // namespace terminal
