#pragma once

/// OpenCL calls that allocate, build or wait, as the host program and CLBlast make them.
enum CountedCall {
    CountedCreateBuffer,
    CountedCreateSubBuffer,
    CountedCreateProgram,
    CountedBuildProgram,
    CountedFinish,
    CountedWaitForEvents,
    CountedCreateKernel,
    CountedSetKernelArg,
    CountedEnqueueKernel,
    CountedCallKinds
};

/// Calls of this thread since its last reset, by the library or program that made them.
unsigned long counted_calls(enum CountedCall call, int by_clblast);
void reset_counted_calls(void);
