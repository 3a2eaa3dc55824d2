// Lesson 15: a thread for what takes long. A handler gives it the work and goes on; the answer goes,
// by a handle, to the loop that owns the client, whoever that is by then.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace lesson {

class Worker {
  public:
    static constexpr std::size_t most_jobs = 100;  // that wait

    Worker() : thread_{[this] { run(); }} {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    // Waits for the job at work, not for those that wait.
    ~Worker() {
        {
            const std::lock_guard lock{mutex_};
            ended_ = true;
        }
        given_.notify_one();
        thread_.join();
    }

    // False: too many wait.
    bool give(std::function<void()> job) {
        const std::lock_guard lock{mutex_};
        if (jobs_.size() >= most_jobs) return false;
        jobs_.push_back(std::move(job));
        given_.notify_one();
        return true;
    }

  private:
    void run() {
        for (std::unique_lock lock{mutex_};;) {
            given_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
            if (ended_) return;
            const std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            lock.lock();
        }
    }

    std::mutex mutex_;  // guards jobs_ and ended_
    std::condition_variable given_;
    std::deque<std::function<void()>> jobs_;
    bool ended_ = false;
    std::thread thread_;  // last: it uses the others
};

}  // namespace lesson
