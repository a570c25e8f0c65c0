# The second way to build, for those who have node-gyp and no CMake; CMakeLists.txt is the first.
# A no-op where a prebuild fits, because some package managers run node-gyp on sight of this file:
#   node-gyp rebuild -- -Dforce_build=1
{
  'variables': {
    'force_build%': 0,
    'werror%': 0,
    'has_prebuild': '<!(node -e "process.env.PREBUILDS_ONLY = 1; try { require(\'node-gyp-build\').resolve(\'.\'); console.log(1) } catch { console.log(0) }")',
  },
  'targets': [{
    'target_name': 'microjoule',
    'conditions': [
      ['force_build==0 and has_prebuild==1', { 'type': 'none' }, {
        'sources': ['<!@(cat native/sources.txt)'],
        'include_dirs': ['native'],
        'defines': ['BUILDING_NODE_EXTENSION'],
        'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
        'cflags_cc': [
          '-std=c++17', '-fvisibility=hidden', '-fvisibility-inlines-hidden',
          '-Wall', '-Wextra', '-Wshadow', '-Wnon-virtual-dtor',
          '-isystem<!(node -p "require(\'path\').resolve(require(\'node-addon-api\').include_dir)")',
        ],
        'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,now', '-Wl,--gc-sections', '-Wl,--version-script=<(module_root_dir)/native/exports.map'],
        'libraries': ['-ldl', '-pthread'],
        'conditions': [['werror==1', { 'cflags_cc': ['-Werror'] }]],
      }],
    ],
  }],
}
