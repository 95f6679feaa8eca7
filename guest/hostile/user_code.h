#pragma once
// Ring-3 code of the attacks (user_code.S).

/// VMCALL with the registers as they are, then UD2.
extern "C" void hostile_user_vmcall();
