// A library that is only there to be found, to be missing, or to need another one.
extern "C" __attribute__((visibility("default"))) int MJ_SYMBOL() { return 0; }
#ifdef MJ_NEEDS
extern "C" int MJ_NEEDS();
extern "C" __attribute__((visibility("default"))) int mj_uses_needed() { return MJ_NEEDS(); }
#endif
