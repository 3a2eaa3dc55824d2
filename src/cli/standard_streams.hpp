// What a program may expect of its three standard streams: that they are there, that a line which
// is lost is noticed, and that nobody who does not read holds up a service. Lesson 1.
// Every program of ours begins with this (cli::run does it), and then just prints.
// Leaves out: standard input, but for its number.
#pragma once

#include <string>

namespace cli {

// Where the caller has closed a standard stream, /dev/null takes its number, so that no socket gets
// it: what is printed would be sent to a peer.
void open_standard_streams();

// From now on whatever is printed goes through here, printf() and all. Writing waits for a slow
// reader, until SIGINT or SIGTERM comes: then what does not fit is dropped, for we are to end. When
// the reader has gone, SIGPIPE ends the program, as any program in a pipe.
void guard_output();

// For a service. Its log and its transcript are never waited for: a line that nobody takes is
// dropped, and when there is room again a line says how many were. A reader that has gone is no
// reason to leave the clients, so SIGPIPE is ignored.
void never_wait_for_readers();

// Nobody reads standard output any more; that was seen when something was written. Standard error
// counts where both are the same pipe, as after "2>&1 | head".
bool reader_has_gone();

// What could not be written to standard output so far, "cannot write to standard output: No space
// left on device"; empty when all could. For the end of a program: data that were lost are a
// failure.
std::string output_failure();

}  // namespace cli
