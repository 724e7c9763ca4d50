// Accessors for the embedded OpenCL sources.
