{
  # The addons. The first, for Node, is linked into bin/runt as well (scripts/build-engine.mjs); libseccomp is in it,
  # so that it depends on nothing but libc. The second talks to systemd; it needs libsystemd, which is there wherever systemd is, and is
  # left out where libsystemd-dev is missing. The static programs (runt-init, the launcher) are made by scripts/build.mjs.
  "target_defaults": {
    "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
    "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "_GNU_SOURCE"],
    "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-fno-exceptions", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"],
    "cflags_cc!": ["-fno-rtti"],
    "ldflags": ["-static-libstdc++", "-static-libgcc", "-Wl,-z,relro,-z,now", "-Wl,--exclude-libs,ALL"]
  },
  "targets": [
    {
      "target_name": "runt",
      "sources": ["<!@(ls native/addon/*.cc)"],
      "include_dirs": ["native/steps"],
      "libraries": ["-l:libseccomp.a"]
    }
  ],
  "conditions": [
    ["'<!(test -e /usr/include/systemd/sd-bus.h && echo yes || echo no)' == 'yes'", {
      "targets": [
        {
          "target_name": "systemd",
          "sources": ["<!@(ls native/systemd/*.cc)", "native/addon/arguments.cc", "native/addon/text.cc"],
          "libraries": ["-lsystemd"]
        }
      ]
    }]
  ]
}
