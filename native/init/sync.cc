// Steps at which the engine is asked to do something or to agree.
#include <errno.h>

#include "channel.h"
#include "fd.h"
#include "handlers.h"

namespace init {

bool run(Context &context, const steps::Sync &step) {
  if (context.channel < 0) return context.fail(ENOTCONN, "tell the engine of sync point %u", step.point);
  // Without the engine there is no container. Nobody is left to be told.
  if (!send_message(context, steps::Message::Sync, static_cast<int32_t>(step.point), "", -1)) _exit(1);
  int fd = -1;
  switch (receive_answer(context.channel, fd)) {
    case Answer::HungUp:
      _exit(1);
    case Answer::Malformed:
      return context.fail(EPROTO, "understand the engine's answer at sync point %u", step.point);
    case Answer::Failed:
      return context.fail(errno, "wait for the engine's answer at sync point %u", step.point);
    case Answer::GoOn:
      break;
  }
  UniqueFd received(fd);
  if (MountSlot *slot = context.slot(step.slot)) {
    UniqueFd old(slot->fd);
    slot->fd = received.release();
  }
  return true;
}

}  // namespace init
