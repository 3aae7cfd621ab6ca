// Messages between runt-init and the engine over a SOCK_SEQPACKET socket. How they lie is said
// in native/steps/steps.json under "framing" and "messages".
#pragma once
#include <stdint.h>

#include "context.h"
#include "steps.gen.h"

namespace init {

// Sends a message about the step that runs; fd -1: without a descriptor. True also when there is
// no channel. False, with errno, when it can't be sent: EPIPE when the peer has gone.
bool send_message(Context &, steps::Message kind, int32_t value, const char *text, int fd);

enum class Answer { GoOn, HungUp, Malformed, Failed };

// Waits for the engine's "go on". `fd` gets the descriptor that rode along, or -1. Failed leaves errno.
Answer receive_answer(int channel, int &fd);

}  // namespace init
