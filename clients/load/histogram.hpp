// How long things took, counted in buckets: no memory of its own for each of a billion values.
// A bucket is at most 1/64 as wide as the values in it, so what is read from it is at most 1.6 %
// too high. Below 128 ns each value has a bucket of its own.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace load {

class Histogram {
  public:
    void add(std::uint64_t value) {
        ++buckets_[index_of(value)];
        ++count_;
        sum_ += value;
        max_ = std::max(max_, value);
    }

    // The value that this part of all values does not exceed: at(0.99) is the 99th percentile.
    std::uint64_t at(double part) const {
        const auto wanted = static_cast<std::uint64_t>(
            std::max(1.0, std::ceil(part * static_cast<double>(count_))));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen >= wanted) return std::min(highest_in(i), max_);
        }
        return max_;
    }

    std::uint64_t count() const { return count_; }
    std::uint64_t max() const { return max_; }
    double mean() const {
        return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
    }

  private:
    static constexpr std::size_t steps = 64;  // between a power of two and the next one

    // The seven highest bits of a value, and how many bits follow them.
    static std::size_t index_of(std::uint64_t value) {
        const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - 7);
        return steps * static_cast<std::size_t>(shift) + static_cast<std::size_t>(value >> shift);
    }

    static std::uint64_t highest_in(std::size_t index) {
        if (index < 2 * steps) return index;
        const std::size_t shift = index / steps - 1;
        const std::uint64_t high_bits = index - steps * shift;
        return ((high_bits + 1) << shift) - 1;
    }

    std::array<std::uint64_t, steps * 59> buckets_{};  // up to 2^64 - 1
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace load
