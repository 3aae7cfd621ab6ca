// bin/runt in one file: QuickJS, the addon and the TypeScript as bytecode.
//
//   build/engine/*.o        QuickJS, with the writing and reading of images (native/bytecode/image.c)
//   build/engine/compile    the compiler to images of bytecode (native/bytecode/compile.cc)
//   build/engine/js/        src/cli/main.ts and all that it imports, bundled; a chunk for what is imported late
//   build/engine/program.S  their images, as native/engine/modules.cc finds it
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { mergeChunks } from "./chunks.mjs";
import { filesBelow, headersPrefix, newest, oldest, quickjsFolder as quickjs, root } from "./tools.mjs";

const folder = join(root, "build/engine");
const version = readFileSync(join(quickjs, "VERSION"), "utf8").trim();
const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit", cwd: root });

const hardened = ["-O2", "-fPIE", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-ffunction-sections"];
const own = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti", "-D_GNU_SOURCE"];

/** QuickJS without its own library of files and processes; image.c includes quickjs.c. Out: the object files. */
function buildQuickjs() {
  const image = join(root, "native/bytecode/image.c");
  const header = join(root, "native/bytecode/image.h");
  const sources = ["libregexp", "libunicode", "cutils", "libbf"].map((name) => join(quickjs, `${name}.c`));
  return [image, ...sources].map((source) => {
    const object = join(folder, `${basename(source, ".c")}.o`);
    if (oldest([object]) < newest([quickjs, source, header])) {
      // As its Makefile has it; and signed numbers wrap, which later releases ask for. Its warnings are its own.
      const defines = ["-D_GNU_SOURCE", "-DCONFIG_BIGNUM", `-DCONFIG_VERSION="${version}"`, `-isystem${quickjs}`];
      const warnings = source === image ? ["-Wall", "-Wextra", "-Werror"] : ["-w"];
      run("gcc", ...warnings, "-fwrapv", ...hardened, ...defines, "-c", "-o", object, source);
    }
    return object;
  });
}

function buildCompiler(objects) {
  const [source, program] = [join(root, "native/bytecode/compile.cc"), join(folder, "compile")];
  if (oldest([program]) < newest([source, ...objects])) {
    run("g++", ...own, ...hardened, "-pie", `-isystem${quickjs}`, "-o", program, source, ...objects, "-lm");
  }
  return program;
}

/** Split, so that a command reads only the chunks that it imports. Out: the paths of the modules. */
async function bundle(entry, js, commit) {
  rmSync(js, { recursive: true, force: true });
  const { build } = await import("esbuild");
  const options = {
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir: js,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    // What QuickJS of 2021 knows; functions that came later are in prelude.js.
    target: "es2020",
    supported: { "class-field": true, "class-static-field": true, "class-private-field": true },
    minifySyntax: true,
    minifyWhitespace: true,
    define: { RUNT_COMMIT: JSON.stringify(commit), "import.meta.url": '""' },
    logLevel: "warning",
  };
  // Once to see what imports what, once more with chunks as they should be.
  const { metafile } = await build({ ...options, metafile: true, write: false });
  await build({ ...options, plugins: [mergeChunks(metafile, relative(root, resolve(root, entry)), root)] });
  copyFileSync(join(root, "native/engine/prelude.js"), join(js, "prelude.js"));
  return readdirSync(js).map((name) => join(js, name));
}

/** The modules as data of the program: { name, image } for each, and one without a name. */
function assembly(modules, bytecode) {
  // The names side by side: a look for one of them touches no page of an image.
  const names = modules.map((name, index) => `name${index}: .asciz "${name}"`);
  const images = modules.map((name, index) => `.balign 16\nimage${index}: .incbin "${bytecode}/${name}.image"`);
  const table = modules.map((_, index) => `.8byte name${index}, image${index}`);
  return [
    ".section .rodata.program",
    ...names,
    ...images,
    '.section .data.rel.ro,"aw"',
    ".balign 8",
    ".global runt_modules",
    "runt_modules:",
    ...table,
    ".8byte 0, 0",
    '.section .note.GNU-stack,"",%progbits',
    "",
  ].join("\n");
}

/**
 * Builds bin/runt, or another program of the same kind. In: the commit that --version shows, the program's first
 * module, where it goes and the folder for what is made on the way. The addon must have been built.
 */
export async function buildEngine(commit, entry = "src/cli/main.ts", output = "bin/runt", work = folder) {
  mkdirSync(folder, { recursive: true });
  const objects = buildQuickjs();
  const compiler = buildCompiler(objects);
  const modules = await bundle(entry, join(work, "js"), commit);
  const bytecode = join(work, "bytecode");
  rmSync(bytecode, { recursive: true, force: true });
  mkdirSync(bytecode);
  run(compiler, bytecode, ...modules);
  const names = modules.map((path) => basename(path)).sort();
  const program = join(work, "program.S");
  writeFileSync(program, assembly(names, bytecode));

  const sources = filesBelow(join(root, "native/engine")).filter((path) => path.endsWith(".cc"));
  const addon = filesBelow(join(root, "build/Release/obj.target/runt/native/addon"));
  const target = resolve(root, output);
  run(
    "g++",
    ...own,
    ...hardened,
    "-DNAPI_VERSION=8",
    `-DQUICKJS_VERSION="${version}"`,
    `-isystem${quickjs}`,
    `-isystem${headersPrefix()}/include/node`,
    ...sources,
    "native/launcher/note.cc",
    program,
    ...objects,
    ...addon.filter((path) => path.endsWith(".o")),
    // libc and libm alone are loaded when it starts: each library is 0.1 ms. systemd.node finds Node-API here.
    ..."-pie -s -static-libstdc++ -static-libgcc -l:libseccomp.a".split(" "),
    ..."-Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL -Wl,--export-dynamic-symbol=napi_*".split(" "),
    "-o",
    `${target}.new`,
  );
  renameSync(`${target}.new`, target);
}
