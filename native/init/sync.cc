// Steps at which the engine is asked to do something or to agree, or has to send something.
#include <errno.h>
#include <stdio.h>

#include "channel.h"
#include "fd.h"
#include "handlers.h"
#include "leave.h"

namespace init {
namespace {

// Waits for an answer and takes the descriptor that may ride on it. Without the engine there is no container:
// a hang-up ends this process, as nobody is left to be told.
bool wait_for_answer(Context &context, const char *where, UniqueFd &received) {
  int fd = -1;
  switch (receive_answer(context.channel, fd)) {
    case Answer::HungUp:
      leave(1);
    case Answer::Malformed:
      return context.fail(EPROTO, "understand the engine's answer %s", where);
    case Answer::Failed:
      return context.fail(errno, "wait for the engine's answer %s", where);
    case Answer::GoOn:
      break;
  }
  received.reset(fd);
  return true;
}

}  // namespace

bool run(Context &context, const steps::Sync &step) {
  if (context.channel < 0) return context.fail(ENOTCONN, "tell the engine of sync point %u", step.point);
  if (!send_message(context, steps::Message::Sync, static_cast<int32_t>(step.point), "", -1)) leave(1);
  char where[32];
  snprintf(where, sizeof where, "at sync point %u", step.point);
  UniqueFd received;
  if (!wait_for_answer(context, where, received)) return false;
  if (MountSlot *slot = context.slot(step.slot)) {
    UniqueFd old(slot->fd);
    slot->fd = received.release();
  }
  return true;
}

bool run(Context &context, const steps::Await &) {
  if (context.channel < 0) return context.fail(ENOTCONN, "wait for the engine");
  UniqueFd unwanted;
  return wait_for_answer(context, "to go on", unwanted);
}

bool run(Context &context, const steps::ReceiveProgram &) {
  if (context.channel < 0) return context.fail(ENOTCONN, "wait for the rest of the program");
  UniqueFd received;
  if (!wait_for_answer(context, "with the rest of the program", received)) return false;
  if (!received) return context.fail(EPROTO, "find the rest of the program");
  context.second_part = received.release();
  return true;
}

}  // namespace init
