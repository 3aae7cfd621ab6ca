#include "mount_options.h"

#include <string.h>

namespace init {
namespace {

// Appends to a buffer of a page; stays full once something did not fit.
class Text {
 public:
  explicit Text(char (&out)[kClassicDataSize]) : out_(out) { out_[0] = '\0'; }

  void add(const char *text) {
    size_t length = strlen(text);
    fits_ = fits_ && used_ + length < kClassicDataSize;
    if (!fits_) return;
    memcpy(out_ + used_, text, length + 1);
    used_ += length;
  }
  void separate() {
    if (used_ > 0) add(",");
  }
  void add_layer(const char *path) {
    char escaped[kClassicDataSize];
    fits_ = fits_ && escape_layer(path, escaped, sizeof escaped);
    if (fits_) add(escaped);
  }
  // A value of another file system: one with a comma must be quoted, which only LSM options know.
  void add_value(const char *parameter) {
    const char *equals = strchr(parameter, '=');
    if (!equals || !strchr(equals, ',') || equals[1] == '"') return add(parameter);
    for (const char *c = parameter; c <= equals; ++c) add_char(*c);
    add("\"");
    add(equals + 1);
    add("\"");
  }
  bool fits() const { return fits_; }

 private:
  void add_char(char c) {
    char text[2] = {c, '\0'};
    add(text);
  }

  char *out_;
  size_t used_ = 0;
  bool fits_ = true;
};

}  // namespace

bool next_option(const char *&data, char *option, size_t size, bool &fits) {
  fits = true;
  while (*data == ',') ++data;
  if (*data == '\0') return false;
  size_t used = 0;
  bool quoted = false;
  while (*data && (quoted || *data != ',')) {
    if (*data == '"') quoted = !quoted;
    for (int copies = *data == '\\' && data[1] ? 2 : 1; copies > 0; --copies, ++data) {
      if (used + 1 < size) {
        option[used++] = *data;
      } else {
        fits = false;
      }
    }
  }
  option[used] = '\0';
  return true;
}

char *split_option(char *option) {
  char *equals = strchr(option, '=');
  if (!equals) return nullptr;
  *equals = '\0';
  char *value = equals + 1;
  size_t length = strlen(value);
  if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
    value[length - 1] = '\0';
    ++value;
  }
  return value;
}

bool has_option(const char *data, const char *name) {
  char option[64];
  bool fits;
  while (next_option(data, option, sizeof option, fits)) {
    option[strcspn(option, "=")] = '\0';
    if (strcmp(option, name) == 0) return true;
  }
  return false;
}

bool escape_layer(const char *path, char *out, size_t size) {
  size_t used = 0;
  for (; *path; ++path) {
    bool special = *path == '\\' || *path == ':' || *path == ',';
    if (used + (special ? 2 : 1) >= size) return false;
    if (special) out[used++] = '\\';
    out[used++] = *path;
  }
  out[used] = '\0';
  return true;
}

const char *value_of(const char *parameter, const char *name) {
  size_t length = strlen(name);
  return strncmp(parameter, name, length) == 0 && parameter[length] == '=' ? parameter + length + 1 : nullptr;
}

bool classic_data(const ClassicMount &how, char (&out)[kClassicDataSize]) {
  Text text(out);
  text.add(how.data);
  bool overlay = how.type && strcmp(how.type, "overlay") == 0;
  bool layers = false;
  for (const char *parameter : how.parameters) {
    const char *layer = overlay ? value_of(parameter, "lowerdir+") : nullptr;
    if (!layer) continue;
    if (layers) {
      text.add(":");
    } else {
      text.separate();
      text.add("lowerdir=");
    }
    layers = true;
    text.add_layer(layer);
  }
  for (const char *parameter : how.parameters) {
    if (overlay && value_of(parameter, "lowerdir+")) continue;
    text.separate();
    const char *upper = overlay ? value_of(parameter, "upperdir") : nullptr;
    const char *work = overlay ? value_of(parameter, "workdir") : nullptr;
    if (upper || work) {
      text.add(upper ? "upperdir=" : "workdir=");
      text.add_layer(upper ? upper : work);
    } else if (overlay) {
      text.add(parameter);
    } else {
      text.add_value(parameter);
    }
  }
  return text.fits();
}

}  // namespace init
