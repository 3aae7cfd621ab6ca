{
  # The addon of the engine. It links libseccomp statically, so that lib/runt/ depends on
  # nothing but libc; the two static programs (runt-init, launcher) are made by scripts/build.mjs.
  "targets": [
    {
      "target_name": "runt",
      "sources": ["<!@(ls native/addon/*.cc)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")", "native/steps"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "_GNU_SOURCE"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-fno-exceptions", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"],
      "cflags_cc!": ["-fno-rtti"],
      "libraries": ["-l:libseccomp.a"],
      "ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,-z,relro,-z,now", "-Wl,--exclude-libs,ALL"]
    }
  ]
}
