// Stands before the OpenCL loader: counts some calls and hands them on. Linked into the test program, whose symbols
// come first for every library, CLBlast's calls are counted too.
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#include "CallCounter.h"
#include <CL/cl.h>
#include <dlfcn.h>
#include <string.h>

// By thread: tests beside the one that counts use devices too. Runs enqueue on their own thread.
static _Thread_local unsigned long counts[CountedCallKinds][2];

unsigned long counted_calls(enum CountedCall call, int by_clblast) { return counts[call][by_clblast]; }

void reset_counted_calls(void) {
    for (int call = 0; call < CountedCallKinds; call++)
        for (int caller = 0; caller < 2; caller++) counts[call][caller] = 0;
}

static void count(enum CountedCall call, void *caller) {
    Dl_info info;
    int by_clblast = dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "clblast");
    counts[call][by_clblast]++;
}

// The loader's function of that name.
#define NEXT(name)                                             \
    static __typeof__(&name) next;                             \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define COUNT(call) count(call, __builtin_return_address(0))

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code) {
    NEXT(clCreateBuffer);
    COUNT(CountedCreateBuffer);
    return next(context, flags, size, host, code);
}

cl_mem clCreateSubBuffer(
    cl_mem buffer, cl_mem_flags flags, cl_buffer_create_type type, const void *info, cl_int *code) {
    NEXT(clCreateSubBuffer);
    COUNT(CountedCreateSubBuffer);
    return next(buffer, flags, type, info, code);
}

cl_program clCreateProgramWithSource(
    cl_context context, cl_uint count_, const char **texts, const size_t *lengths, cl_int *code) {
    NEXT(clCreateProgramWithSource);
    COUNT(CountedCreateProgram);
    return next(context, count_, texts, lengths, code);
}

cl_program clCreateProgramWithBinary(
    cl_context context, cl_uint devices, const cl_device_id *list, const size_t *lengths,
    const unsigned char **binaries, cl_int *status, cl_int *code) {
    NEXT(clCreateProgramWithBinary);
    COUNT(CountedCreateProgram);
    return next(context, devices, list, lengths, binaries, status, code);
}

cl_int clBuildProgram(
    cl_program program, cl_uint devices, const cl_device_id *list, const char *options,
    void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    NEXT(clBuildProgram);
    COUNT(CountedBuildProgram);
    return next(program, devices, list, options, notify, data);
}

cl_int clFinish(cl_command_queue queue) {
    NEXT(clFinish);
    COUNT(CountedFinish);
    return next(queue);
}

cl_int clWaitForEvents(cl_uint events, const cl_event *list) {
    NEXT(clWaitForEvents);
    COUNT(CountedWaitForEvents);
    return next(events, list);
}

cl_kernel clCreateKernel(cl_program program, const char *name, cl_int *code) {
    NEXT(clCreateKernel);
    COUNT(CountedCreateKernel);
    return next(program, name, code);
}

cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    NEXT(clSetKernelArg);
    COUNT(CountedSetKernelArg);
    return next(kernel, index, size, value);
}

cl_int clEnqueueNDRangeKernel(
    cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset, const size_t *global,
    const size_t *local, cl_uint waits, const cl_event *list, cl_event *event) {
    NEXT(clEnqueueNDRangeKernel);
    COUNT(CountedEnqueueKernel);
    return next(queue, kernel, dimensions, offset, global, local, waits, list, event);
}
