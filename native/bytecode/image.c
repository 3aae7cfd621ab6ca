// Modules as images: functions, constants and names lie in the file as QuickJS has them in memory. Reading QuickJS's
// own format (JS_WriteObject) field by field was a quarter of a command's instructions; an image is copied in one go,
// and what depends on the process is put in: addresses, numbers of names (atoms), the context.
//
// QuickJS's source is included, as it declares these structures nowhere else. This is the only place that knows
// them, and the release is fixed (docs/dependencies.md): both programs, the compiler and runt, have this one object
// file.
//
// Nothing that comes from an image is ever freed: each of its parts has one reference more than there are
// references to it. For the same reason its functions need not be in the collector's list.
#include "image.h"

#include <quickjs.c>

#ifdef JS_NAN_BOXING
#error "image.c: values must be a pointer and a tag"
#endif

enum { kImmortal = 2 };

// An array of the image: where it begins in the data, how many members it has.
typedef struct {
  uint32_t at, count;
} Array;

// Then comes the data, then the tables: places in the data where something is to be put in.
typedef struct {
  uint32_t size;
  // Strings that are names; an atom's place has its number in this list.
  uint32_t names;
  // Places of atoms, of addresses within the data, of the context, of the context of big numbers.
  uint32_t atoms, addresses, contexts, numbers;
  uint32_t name, function;
  Array requests, exports, stars, imports;
} __attribute__((aligned(16))) Image;

typedef struct {
  JSContext *context;
  DynBuf data, names, atoms, addresses, contexts, numbers;
  uint32_t *name_of_atom;  // by atom: 1 + its number in `names`
} Writer;

static uint32_t reserve(Writer *writer, size_t size, size_t align) {
  while (writer->data.size % align != 0) dbuf_putc(&writer->data, 0);
  const uint32_t at = (uint32_t)writer->data.size;
  for (size_t index = 0; index < size; index++) dbuf_putc(&writer->data, 0);
  return at;
}

static void set(Writer *writer, uint32_t at, const void *bytes, size_t size) {
  // memcpy from null is undefined even for nothing.
  if (size > 0 && !writer->data.error) memcpy(writer->data.buf + at, bytes, size);
}

static uint32_t append(Writer *writer, const void *bytes, size_t size, size_t align) {
  const uint32_t at = reserve(writer, size, align);
  set(writer, at, bytes, size);
  return at;
}

static void set_address(Writer *writer, uint32_t at, uint64_t target) {
  dbuf_put_u32(&writer->addresses, at);
  set(writer, at, &target, sizeof target);
}

static uint32_t append_string(Writer *writer, const JSString *string) {
  JSString head = *string;
  head.header.ref_count = kImmortal;
  head.hash_next = head.atom_type = 0;
  // Read by new_name alone.
  head.hash = hash_string(string, JS_ATOM_TYPE_STRING) & JS_ATOM_HASH_MASK;
  const size_t length = ((size_t)string->len << string->is_wide_char) + !string->is_wide_char;
  const uint32_t at = append(writer, &head, sizeof head, 8);
  append(writer, string->u.str8, length, 1);
  return at;
}

// Atoms that QuickJS begins with and small numbers are the same in every process.
static void set_atom(Writer *writer, uint32_t at, JSAtom atom) {
  uint32_t value = atom;
  if (!__JS_AtomIsConst(atom) && !__JS_AtomIsTaggedInt(atom)) {
    uint32_t *name = &writer->name_of_atom[atom];
    if (*name == 0) {
      dbuf_put_u32(&writer->names, append_string(writer, writer->context->rt->atom_array[atom]));
      *name = (uint32_t)(writer->names.size / sizeof(uint32_t));
    }
    value = *name - 1;
    dbuf_put_u32(&writer->atoms, at);
  }
  set(writer, at, &value, sizeof value);
}

static uint32_t append_bytecode(Writer *writer, const uint8_t *code, int length) {
  const uint32_t at = append(writer, code, (size_t)length, 1);
  for (int position = 0; position < length; position += short_opcode_info(code[position]).size) {
    switch (short_opcode_info(code[position]).fmt) {
      case OP_FMT_atom:
      case OP_FMT_atom_u8:
      case OP_FMT_atom_u16:
      case OP_FMT_atom_label_u8:
      case OP_FMT_atom_label_u16:
        set_atom(writer, at + (uint32_t)position + 1, get_u32(code + position + 1));
        break;
      default:
        break;
    }
  }
  return at;
}

static uint32_t append_number(Writer *writer, const JSBigFloat *number) {
  JSBigFloat copy = *number;
  copy.header.ref_count = kImmortal;
  copy.num.ctx = NULL;
  const uint32_t at = append(writer, &copy, sizeof copy, 8);
  dbuf_put_u32(&writer->numbers, at + (uint32_t)offsetof(JSBigFloat, num.ctx));
  const uint32_t limbs = append(writer, number->num.tab, number->num.len * sizeof(limb_t), 8);
  set_address(writer, at + (uint32_t)offsetof(JSBigFloat, num.tab), limbs);
  return at;
}

static uint32_t append_function(Writer *writer, const JSFunctionBytecode *function);

// Out: 0, or -1 and an exception.
static int set_constant(Writer *writer, uint32_t at, JSValueConst value) {
  set(writer, at, &value, sizeof value);
  const uint32_t address = at + (uint32_t)offsetof(JSValue, u.ptr);
  switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_INT:
    case JS_TAG_BOOL:
    case JS_TAG_NULL:
    case JS_TAG_UNDEFINED:
    case JS_TAG_FLOAT64:
      return 0;
    case JS_TAG_STRING:
      set_address(writer, address, append_string(writer, JS_VALUE_GET_STRING(value)));
      return 0;
    case JS_TAG_BIG_INT:
      set_address(writer, address, append_number(writer, JS_VALUE_GET_PTR(value)));
      return 0;
    case JS_TAG_FUNCTION_BYTECODE: {
      const uint32_t function = append_function(writer, JS_VALUE_GET_PTR(value));
      set_address(writer, address, function);
      return function == UINT32_MAX ? -1 : 0;
    }
    default:
      // Tagged templates have such: not used in runt.
      JS_ThrowTypeError(writer->context, "a constant is of a kind that images do not have (native/bytecode/image.c)");
      return -1;
  }
}

// Out: where it is, or UINT32_MAX and an exception.
static uint32_t append_function(Writer *writer, const JSFunctionBytecode *function) {
  JSFunctionBytecode copy = *function;
  memset(&copy.header, 0, sizeof copy.header);
  copy.header.ref_count = kImmortal;
  copy.header.gc_obj_type = JS_GC_OBJ_TYPE_FUNCTION_BYTECODE;
  copy.realm = NULL;
  // Names of variables, here and of outer functions: for direct eval, and to say which one is not initialized.
  copy.vardefs = NULL;
  copy.debug.source = NULL;
  copy.debug.source_len = 0;
  const uint32_t at = append(writer, &copy, sizeof copy, 16);
#define PLACE(member) (at + (uint32_t)offsetof(JSFunctionBytecode, member))
  set_atom(writer, PLACE(func_name), function->func_name);
  set_atom(writer, PLACE(debug.filename), function->debug.filename);
  dbuf_put_u32(&writer->contexts, PLACE(realm));
  if (function->debug.pc2line_len > 0) {
    const size_t length = (size_t)function->debug.pc2line_len;
    set_address(writer, PLACE(debug.pc2line_buf), append(writer, function->debug.pc2line_buf, length, 1));
  }
  if (function->closure_var_count > 0) {
    const size_t size = (size_t)function->closure_var_count * sizeof(JSClosureVar);
    const uint32_t variables = append(writer, function->closure_var, size, 8);
    for (int index = 0; index < function->closure_var_count; index++) {
      const uint32_t variable = variables + (uint32_t)index * sizeof(JSClosureVar);
      set_atom(writer, variable + (uint32_t)offsetof(JSClosureVar, var_name), JS_ATOM_NULL);
    }
    set_address(writer, PLACE(closure_var), variables);
  }
  set_address(writer, PLACE(byte_code_buf), append_bytecode(writer, function->byte_code_buf, function->byte_code_len));
  if (function->cpool_count > 0) {
    const uint32_t constants = reserve(writer, (size_t)function->cpool_count * sizeof(JSValue), 16);
    set_address(writer, PLACE(cpool), constants);
    for (int index = 0; index < function->cpool_count; index++) {
      if (set_constant(writer, constants + (uint32_t)index * sizeof(JSValue), function->cpool[index]) < 0)
        return UINT32_MAX;
    }
  }
#undef PLACE
  return at;
}

static Array append_array(Writer *writer, const void *members, int count, size_t size) {
  return (Array){append(writer, members, (size_t)count * size, 8), (uint32_t)count};
}

static void append_entries(Writer *writer, Image *image, const JSModuleDef *module) {
  image->requests =
      append_array(writer, module->req_module_entries, module->req_module_entries_count, sizeof(JSReqModuleEntry));
  for (int index = 0; index < module->req_module_entries_count; index++) {
    const JSReqModuleEntry none = {0};
    const uint32_t at = image->requests.at + (uint32_t)index * sizeof none;
    set(writer, at, &none, sizeof none);
    set_atom(writer, at + (uint32_t)offsetof(JSReqModuleEntry, module_name),
             module->req_module_entries[index].module_name);
  }
  image->exports = append_array(writer, module->export_entries, module->export_entries_count, sizeof(JSExportEntry));
  for (int index = 0; index < module->export_entries_count; index++) {
    const JSExportEntry *entry = &module->export_entries[index];
    const uint32_t at = image->exports.at + (uint32_t)index * sizeof *entry;
    const JSAtom local = entry->export_type == JS_EXPORT_TYPE_LOCAL ? JS_ATOM_NULL : entry->local_name;
    set_atom(writer, at + (uint32_t)offsetof(JSExportEntry, local_name), local);
    set_atom(writer, at + (uint32_t)offsetof(JSExportEntry, export_name), entry->export_name);
  }
  image->stars =
      append_array(writer, module->star_export_entries, module->star_export_entries_count, sizeof(JSStarExportEntry));
  image->imports = append_array(writer, module->import_entries, module->import_entries_count, sizeof(JSImportEntry));
  for (int index = 0; index < module->import_entries_count; index++) {
    const uint32_t at = image->imports.at + (uint32_t)index * sizeof(JSImportEntry);
    set_atom(writer, at + (uint32_t)offsetof(JSImportEntry, import_name), module->import_entries[index].import_name);
  }
}

uint8_t *runt_write_image(JSContext *context, size_t *size, JSValueConst value) {
  const JSModuleDef *module = JS_VALUE_GET_PTR(value);
  Writer writer = {.context = context};
  DynBuf *const tables[] = {&writer.names, &writer.atoms, &writer.addresses, &writer.contexts, &writer.numbers};
  js_dbuf_init(context, &writer.data);
  for (size_t index = 0; index < countof(tables); index++) js_dbuf_init(context, tables[index]);
  writer.name_of_atom = js_mallocz(context, (size_t)context->rt->atom_size * sizeof(uint32_t));
  if (!writer.name_of_atom) return NULL;

  Image image = {0};
  const uint32_t name = reserve(&writer, sizeof(JSAtom), sizeof(JSAtom));
  set_atom(&writer, name, module->module_name);
  image.name = name;
  image.function = append_function(&writer, JS_VALUE_GET_PTR(module->func_obj));
  if (image.function == UINT32_MAX) return NULL;
  append_entries(&writer, &image, module);
  reserve(&writer, 0, 16);
  image.size = (uint32_t)writer.data.size;
  uint32_t *const counts[] = {&image.names, &image.atoms, &image.addresses, &image.contexts, &image.numbers};

  DynBuf all;
  js_dbuf_init(context, &all);
  for (size_t index = 0; index < countof(tables); index++) {
    *counts[index] = (uint32_t)(tables[index]->size / sizeof(uint32_t));
  }
  dbuf_put(&all, (const uint8_t *)&image, sizeof image);
  dbuf_put(&all, writer.data.buf, writer.data.size);
  for (size_t index = 0; index < countof(tables); index++) {
    dbuf_put(&all, tables[index]->buf, tables[index]->size);
    writer.data.error |= tables[index]->error;
  }
  if (all.error || writer.data.error) {
    JS_ThrowOutOfMemory(context);
    return NULL;
  }
  *size = all.size;
  return all.buf;
}

// The context frees these when a module that it asks for is missing.
static void *copy_array(JSContext *context, const char *data, Array array, size_t size, int *count) {
  if (array.count == 0) return NULL;
  void *copy = js_malloc(context, array.count * size);
  if (!copy) return NULL;
  memcpy(copy, data + array.at, array.count * size);
  *count = (int)array.count;
  return copy;
}

static JSModuleDef *new_module(JSContext *context, const Image *image, char *data) {
  JSModuleDef *module = js_new_module_def(context, *(const JSAtom *)(data + image->name));
  if (!module) return NULL;
  module->req_module_entries =
      copy_array(context, data, image->requests, sizeof(JSReqModuleEntry), &module->req_module_entries_count);
  module->export_entries =
      copy_array(context, data, image->exports, sizeof(JSExportEntry), &module->export_entries_count);
  module->star_export_entries =
      copy_array(context, data, image->stars, sizeof(JSStarExportEntry), &module->star_export_entries_count);
  module->import_entries =
      copy_array(context, data, image->imports, sizeof(JSImportEntry), &module->import_entries_count);
  module->func_obj = JS_MKPTR(JS_TAG_FUNCTION_BYTECODE, data + image->function);
  return module;
}

// __JS_NewAtom for a string whose hash is known already. Hashing is most of what that does.
static JSAtom new_name(JSRuntime *runtime, JSString *name) {
  JSAtom *const chain = &runtime->atom_hash[name->hash & (runtime->atom_hash_size - 1)];
  for (JSAtom atom = *chain; atom != 0; atom = runtime->atom_array[atom]->hash_next) {
    JSAtomStruct *const known = runtime->atom_array[atom];
    if (known->hash != name->hash || known->atom_type != JS_ATOM_TYPE_STRING || known->len != name->len) continue;
    if (js_string_memcmp(known, name, name->len) != 0) continue;
    if (!__JS_AtomIsConst(atom)) known->header.ref_count++;
    return atom;
  }
  // The table of names or that of their hashes is full: QuickJS makes them larger.
  if (runtime->atom_free_index == 0 || runtime->atom_count + 1 >= runtime->atom_count_resize)
    return __JS_NewAtom(runtime, name, JS_ATOM_TYPE_STRING);
  const JSAtom atom = runtime->atom_free_index;
  runtime->atom_free_index = atom_get_free(runtime->atom_array[atom]);
  runtime->atom_array[atom] = name;
  runtime->atom_count++;
  name->atom_type = JS_ATOM_TYPE_STRING;
  name->hash_next = *chain;
  *chain = atom;
  return atom;
}

JSModuleDef *runt_read_image(JSContext *context, const uint8_t *bytes, void *(*allocate)(size_t)) {
  JSRuntime *const runtime = context->rt;
  const Image *const image = (const Image *)bytes;
  char *const data = allocate(image->size);
  JSAtom *const atoms = js_malloc(context, (image->names + 1) * sizeof(JSAtom));
  if (!data || !atoms) {
    JS_ThrowOutOfMemory(context);
    return NULL;
  }
  memcpy(data, image + 1, image->size);
  const uint32_t *place = (const uint32_t *)((const char *)(image + 1) + image->size);
  for (uint32_t index = 0; index < image->names; index++) {
    atoms[index] = new_name(runtime, (JSString *)(data + *place++));
    if (atoms[index] == JS_ATOM_NULL) {
      JS_ThrowOutOfMemory(context);
      return NULL;
    }
  }
  // In bytecode they lie unaligned.
  for (const uint32_t *end = place + image->atoms; place < end; place++) {
    put_u32((uint8_t *)data + *place, atoms[get_u32((const uint8_t *)data + *place)]);
  }
  for (const uint32_t *end = place + image->addresses; place < end; place++) {
    *(uint64_t *)(data + *place) += (uint64_t)(uintptr_t)data;
  }
  for (const uint32_t *end = place + image->contexts; place < end; place++) {
    *(JSContext **)(data + *place) = JS_DupContext(context);
  }
  for (const uint32_t *end = place + image->numbers; place < end; place++) {
    *(bf_context_t **)(data + *place) = context->bf_ctx;
  }
  js_free(context, atoms);
  return new_module(context, image, data);
}
