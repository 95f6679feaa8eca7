#include "guest/workloads/spinners.h"

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/tasks/migration.h"
#include "guest/programs/shootdown_task.h"

namespace guest::workloads {
namespace {

volatile programs::ShootdownPage& control(std::uint64_t frame) {
    return *linear_pointer<volatile programs::ShootdownPage>(frame);
}

Task* create_spinner(std::uint32_t number, const AddressSpace& space) {
    TaskStart start{};
    start.id = number;
    start.space = &space;
    start.stack = number;
    start.entry = user_address(&spinning_task);
    start.argument[0] = user_scratch_page;
    return create_task(start);
}

} // namespace

Spinners::Spinners(const AddressSpace& space, std::uint32_t processors) : processors_(processors) {
    if (processors == 1)
        return;
    control_frame_ = pages::allocate();
    address_ranges::map(space, user_scratch_page, 1, Frames(&control_frame_, 1),
                        PageAccess::read_write);
    for (std::uint32_t i = 1; i < processors; ++i) {
        task_[i] = create_spinner(i, space);
        migration::give(cpu_of(i), *task_[i]);
    }
    while (control(control_frame_).started != processors - 1)
        wait_a_moment();
}

Spinners::~Spinners() {
    if (processors_ == 1)
        return;
    control(control_frame_).stop = 1;
    for (std::uint32_t i = 1; i < processors_; ++i) {
        while (!*static_cast<volatile bool*>(&task_[i]->ended))
            wait_a_moment();
        wait_until_gone(*task_[i]);
        destroy_task(*task_[i]);
    }
    pages::release(control_frame_);
}

} // namespace guest::workloads
