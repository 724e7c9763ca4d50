#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* What CLBlast's kernel for large products in single precision, Xgemm, is compiled with on a device (a cl_device_id); its C interface can only set
   it. Both functions return a status of CLBlast's. */
#define SEMBLANCE_CLBLAST_PARAMETERS 16

/* CLBlast's name of a parameter; values are in the same order. */
const char *semblance_clblast_name(int index);

int semblance_clblast_get(void *device, unsigned long values[SEMBLANCE_CLBLAST_PARAMETERS]);
int semblance_clblast_set(void *device, const unsigned long values[SEMBLANCE_CLBLAST_PARAMETERS]);

#ifdef __cplusplus
}
#endif
