#include "include/CCLBlastParameters.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <clblast.h>

#include <string>
#include <unordered_map>

namespace {
const char *const names[SEMBLANCE_CLBLAST_PARAMETERS] = {
    "GEMMK", "KREG", "KWG", "KWI", "MDIMA", "MDIMC", "MWG", "NDIMB", "NDIMC", "NWG", "SA", "SB", "STRM", "STRN", "VWM", "VWN"};

using Parameters = std::unordered_map<std::string, size_t>;

/* No exception passes into Swift. */
template <typename Body>
int status(Body body) {
    try {
        return static_cast<int>(body());
    } catch (...) {
        return static_cast<int>(clblast::StatusCode::kUnexpectedError);
    }
}
}

const char *semblance_clblast_name(int index) { return names[index]; }

int semblance_clblast_get(void *device, unsigned long values[SEMBLANCE_CLBLAST_PARAMETERS]) {
    return status([&] {
        Parameters found;
        const auto status = clblast::RetrieveParameters(
            static_cast<cl_device_id>(device), "Xgemm", clblast::Precision::kSingle, found);
        if (status != clblast::StatusCode::kSuccess) return status;
        for (int i = 0; i < SEMBLANCE_CLBLAST_PARAMETERS; i++) {
            const auto place = found.find(names[i]);
            if (place == found.end()) return clblast::StatusCode::kMissingOverrideParameter;
            values[i] = place->second;
        }
        return status;
    });
}

int semblance_clblast_set(void *device, const unsigned long values[SEMBLANCE_CLBLAST_PARAMETERS]) {
    return status([&] {
        Parameters parameters;
        for (int i = 0; i < SEMBLANCE_CLBLAST_PARAMETERS; i++) parameters[names[i]] = values[i];
        return clblast::OverrideParameters(
            static_cast<cl_device_id>(device), "Xgemm", clblast::Precision::kSingle, parameters);
    });
}
