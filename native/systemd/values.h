// D-Bus values ↔ JavaScript values, as a signature says.
//
//   y n q i u d        a number (n, i signed)
//   x t                a bigint (a number is taken too)
//   b                  a boolean
//   s o g              a string
//   ay                 a Uint8Array (an array of numbers is taken too)
//   a…, (…), {…}       an array
//   v                  { signature, value }
#pragma once
#include <napi.h>
#include <systemd/sd-bus.h>

#include <string>

namespace systemd {

// Appends the values of an array, one for each complete type of the signature. A negative errno on
// failure: EINVAL for a value that is none of its type.
int append_all(sd_bus_message *message, const std::string &signature, Napi::Array values);

// Everything that is left in a message. A negative errno on failure.
int read_all(Napi::Env env, sd_bus_message *message, Napi::Array &values);

}  // namespace systemd
