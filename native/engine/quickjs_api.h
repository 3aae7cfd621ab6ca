// QuickJS's header is C and gives no warnings of ours.
#pragma once
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wcast-function-type"
extern "C" {
#include <quickjs.h>
}
#pragma GCC diagnostic pop
