// The smallest proof that a toolkit works: a kernel computes a number, and the number is read back. An error of the
// launch itself is looked for, too: code that the driver cannot translate is swallowed otherwise.
#include <cstdio>

__global__ void answer(int *out, int factor) { *out = factor * 7; }

static bool failed(cudaError_t error, const char *what) {
    if (error != cudaSuccess) std::printf("%s: %s (%d)\n", what, cudaGetErrorString(error), static_cast<int>(error));
    return error != cudaSuccess;
}

int main() {
    int *there = nullptr;
    int here = 0;
    if (failed(cudaMalloc(&there, sizeof here), "cudaMalloc")) return 1;
    answer<<<1, 1>>>(there, 6);
    if (failed(cudaGetLastError(), "launch")) return 1;
    if (failed(cudaDeviceSynchronize(), "cudaDeviceSynchronize")) return 1;
    if (failed(cudaMemcpy(&here, there, sizeof here, cudaMemcpyDeviceToHost), "cudaMemcpy")) return 1;
    std::printf("%d\n", here);
    return here == 42 ? 0 : 1;
}
