// Used when runt is built: compiles ECMAScript modules to images of QuickJS's bytecode.
//
//   compile FOLDER MODULE.js ...   writes FOLDER/MODULE.js.image for each
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fstream>
#include <iterator>
#include <string>

#include "../engine/quickjs_api.h"
#include "image.h"

namespace {

// What a module imports is another one's business.
int nothing(JSContext *, JSModuleDef *) { return 0; }

JSModuleDef *load(JSContext *context, const char *name, void *) { return JS_NewCModule(context, name, nothing); }

char *name_module(JSContext *context, const char *, const char *name, void *) { return js_strdup(context, name); }

int fail(JSContext *context, const char *file) {
  print_exception(context, file);
  return 1;
}

}  // namespace

int main(int count, char **arguments) {
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = JS_NewContext(runtime);
  JS_SetModuleLoaderFunc(runtime, name_module, load, nullptr);
  for (int index = 2; index < count; index++) {
    const std::string file = arguments[index];
    std::ifstream input(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
    const std::string name = file.substr(file.rfind('/') + 1);
    if (!input.is_open()) return fprintf(stderr, "%s: can't be read\n", file.c_str()), 1;
    const JSValue module =
        JS_Eval(context, text.c_str(), text.size(), name.c_str(), JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(module)) return fail(context, file.c_str());
    size_t size = 0;
    const uint8_t *image = runt_write_image(context, &size, module);
    if (!image) return fail(context, file.c_str());
    std::ofstream output(std::string(arguments[1]) + "/" + name + ".image", std::ios::binary);
    output.write(reinterpret_cast<const char *>(image), static_cast<std::streamsize>(size));
    if (!output.flush()) return fprintf(stderr, "%s.image: can't be written\n", name.c_str()), 1;
  }
  return 0;
}
