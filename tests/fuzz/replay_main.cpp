// Runs a fuzz target over every file of a folder, without libFuzzer. An empty or missing folder is
// an error: a replay of nothing proves nothing.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    std::error_code error;
    std::size_t replayed = 0;
    if (argc == 2) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
            const std::vector<std::uint8_t> bytes(text.begin(), text.end());
            LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
            ++replayed;
        }
    }
    if (error || replayed == 0) {
        std::fprintf(stderr, "usage: %s FOLDER; the folder must have inputs\n", argv[0]);
        return 1;
    }
    std::printf("%zu inputs\n", replayed);
    return 0;
}
