// Locks between processors.

#include "hypervisor/host/spin_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace hv::test {
namespace {

constexpr std::uint32_t threads = 4;
constexpr std::uint32_t rounds = 20'000;

template <typename Locked>
void in_threads(Locked locked) {
    std::vector<std::thread> running;
    for (std::uint32_t thread = 0; thread < threads; ++thread)
        running.emplace_back([&] {
            for (std::uint32_t round = 0; round < rounds; ++round)
                locked();
        });
    for (std::thread& thread : running)
        thread.join();
}

TEST(Locks, ASpinLockLetsInOneAtATime) {
    SpinLock lock;
    std::uint64_t count = 0;
    in_threads([&] {
        const SpinGuard guard{lock};
        ++count;
    });
    EXPECT_EQ(count, threads * rounds);
}

TEST(Locks, ATicketLockLetsInOneAtATimeAndSaysWhoWaited) {
    TicketLock lock;
    std::uint64_t count = 0;
    in_threads([&] {
        (void)lock.lock([] { std::this_thread::yield(); });
        ++count;
        lock.unlock();
    });
    EXPECT_EQ(count, threads * rounds);
    EXPECT_FALSE(lock.lock([] {}));
    std::thread waits{[&] {
        EXPECT_TRUE(lock.lock([] { std::this_thread::yield(); }));
        lock.unlock();
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    lock.unlock();
    waits.join();
}

TEST(Locks, ATicketLockIsFirstComeFirstServed) {
    TicketLock lock;
    (void)lock.lock([] {});
    std::vector<std::uint32_t> order;
    std::vector<std::thread> waiting;
    for (std::uint32_t number = 0; number < threads; ++number) {
        auto came = std::make_shared<std::atomic<bool>>(false);
        waiting.emplace_back([&, number, came] {
            (void)lock.lock([&] {
                came->store(true);
                std::this_thread::yield();
            });
            order.push_back(number);
            lock.unlock();
        });
        while (!came->load())
            std::this_thread::yield();
    }
    lock.unlock();
    for (std::thread& thread : waiting)
        thread.join();
    EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

} // namespace
} // namespace hv::test
