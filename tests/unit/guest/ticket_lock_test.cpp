#include "guest/kernel/cpu/ticket_lock.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using guest::TicketLock;

TEST(GuestTicketLock, NobodyWaitsForAFreeOne) {
    TicketLock lock;
    for (int i = 0; i < 3; ++i) {
        lock.acquire([] { FAIL() << "waited"; });
        lock.release();
    }
}

TEST(GuestTicketLock, OneAtATime) {
    constexpr int threads = 4;
    constexpr int rounds = 2000;
    TicketLock lock;
    long plain = 0;
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i)
        all.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                lock.acquire([] { std::this_thread::yield(); });
                plain = plain + 1;
                lock.release();
            }
        });
    for (std::thread& thread : all)
        thread.join();
    EXPECT_EQ(plain, long{threads} * rounds);
}

} // namespace
