#include "tests/unit/machine_code/random_store.h"

namespace test {

const std::vector<StoreForm> store_forms{
    {"MOV m8, r", {0x88}, true, -1, 0},
    {"MOV m, r", {0x89}, false, -1, 0},
    {"MOV m8, imm", {0xC6}, true, 0, 1},
    {"MOV m, imm", {0xC7}, false, 0, 4},
    {"MOVNTI", {0x0F, 0xC3}, false, -1, 0, false, true},
    {"ADD m8, r", {0x00}, true, -1, 0, true},
    {"ADD m, r", {0x01}, false, -1, 0, true},
    {"OR m8, r", {0x08}, true, -1, 0, true},
    {"OR m, r", {0x09}, false, -1, 0, true},
    {"ADC m8, r", {0x10}, true, -1, 0, true},
    {"ADC m, r", {0x11}, false, -1, 0, true},
    {"SBB m8, r", {0x18}, true, -1, 0, true},
    {"SBB m, r", {0x19}, false, -1, 0, true},
    {"AND m8, r", {0x20}, true, -1, 0, true},
    {"AND m, r", {0x21}, false, -1, 0, true},
    {"SUB m8, r", {0x28}, true, -1, 0, true},
    {"SUB m, r", {0x29}, false, -1, 0, true},
    {"XOR m8, r", {0x30}, true, -1, 0, true},
    {"XOR m, r", {0x31}, false, -1, 0, true},
    {"ADD m8, imm", {0x80}, true, 0, 1, true},
    {"ADD m, imm", {0x81}, false, 0, 4, true},
    {"ADD m, imm8", {0x83}, false, 0, 1, true},
    {"OR m8, imm", {0x80}, true, 1, 1, true},
    {"OR m, imm", {0x81}, false, 1, 4, true},
    {"OR m, imm8", {0x83}, false, 1, 1, true},
    {"ADC m, imm", {0x81}, false, 2, 4, true},
    {"ADC m, imm8", {0x83}, false, 2, 1, true},
    {"SBB m, imm", {0x81}, false, 3, 4, true},
    {"SBB m, imm8", {0x83}, false, 3, 1, true},
    {"AND m8, imm", {0x80}, true, 4, 1, true},
    {"AND m, imm", {0x81}, false, 4, 4, true},
    {"AND m, imm8", {0x83}, false, 4, 1, true},
    {"SUB m8, imm", {0x80}, true, 5, 1, true},
    {"SUB m, imm", {0x81}, false, 5, 4, true},
    {"SUB m, imm8", {0x83}, false, 5, 1, true},
    {"XOR m8, imm", {0x80}, true, 6, 1, true},
    {"XOR m, imm", {0x81}, false, 6, 4, true},
    {"XOR m, imm8", {0x83}, false, 6, 1, true},
    {"XCHG m8, r", {0x86}, true, -1, 0, true},
    {"XCHG m, r", {0x87}, false, -1, 0, true},
    {"CMPXCHG m8, r", {0x0F, 0xB0}, true, -1, 0, true},
    {"CMPXCHG m, r", {0x0F, 0xB1}, false, -1, 0, true},
    {"XADD m8, r", {0x0F, 0xC0}, true, -1, 0, true},
    {"XADD m, r", {0x0F, 0xC1}, false, -1, 0, true},
    {"INC m8", {0xFE}, true, 0, 0, true},
    {"INC m", {0xFF}, false, 0, 0, true},
    {"DEC m8", {0xFE}, true, 1, 0, true},
    {"DEC m", {0xFF}, false, 1, 0, true},
    {"NOT m8", {0xF6}, true, 2, 0, true},
    {"NOT m", {0xF7}, false, 2, 0, true},
    {"NEG m8", {0xF6}, true, 3, 0, true},
    {"NEG m", {0xF7}, false, 3, 0, true},
    {"BTS m, imm8", {0x0F, 0xBA}, false, 5, 1, true},
    {"BTR m, imm8", {0x0F, 0xBA}, false, 6, 1, true},
    {"BTC m, imm8", {0x0F, 0xBA}, false, 7, 1, true},
};

namespace {

constexpr std::uint32_t stack_pointer = 4;

class Encoder {
  public:
    Encoder(const StoreForm& form, std::mt19937_64& random) : form_(form), random_(random) {}

    RandomStore encode(std::uint64_t target, std::uint64_t code, std::uint64_t fs_base) {
        for (std::uint32_t number = 0; number < 16; ++number) {
            // Small numbers, so that equal and nearly equal operands come up.
            result_.registers[number] = chance(4) ? draw(3) - 1 : random_();
        }
        prefixes(fs_base);
        const std::uint32_t reg =
            form_.digit >= 0 ? static_cast<std::uint32_t>(form_.digit) : source_register();
        if (chance(8) && !address32_ && result_.segment_base == 0) {
            relative_to_rip(reg, target, code);
        } else {
            relative_to_base(reg, target);
        }
        return result_;
    }

  private:
    std::uint64_t draw(std::uint64_t below) { return random_() % below; }
    bool chance(std::uint64_t one_in) { return draw(one_in) == 0; }

    void prefixes(std::uint64_t fs_base) {
        if (form_.lockable && chance(4)) {
            result_.bytes.push_back(0xF0);
        }
        if (chance(8)) {
            result_.bytes.push_back(0x64);
            result_.segment_base = fs_base;
        } else if (chance(8)) {
            result_.bytes.push_back(0x67);
            address32_ = true;
        }
        const std::uint64_t width = draw(3);
        result_.size = form_.is_byte ? 1 : 4;
        if (!form_.is_byte && width == 1 && !form_.no_word) {
            result_.bytes.push_back(0x66);
            result_.size = 2;
        } else if (!form_.is_byte && width == 2) {
            rex_ = 0x48;
            result_.size = 8;
        } else if (chance(2)) {
            rex_ = 0x40;
        }
    }

    /// Any but RSP and its low byte: the host runs on it.
    std::uint32_t source_register() {
        for (;;) {
            const auto number = static_cast<std::uint32_t>(draw(rex_ != 0 ? 16 : 8));
            const bool is_high_byte = form_.is_byte && rex_ == 0;
            if (number == stack_pointer && !is_high_byte) {
                continue;
            }
            rex_ |= number >= 8 ? 0x44 : 0;
            return number & 7;
        }
    }

    void opcode_and_modrm(std::uint32_t mod, std::uint32_t reg, std::uint32_t rm) {
        if (rex_ != 0) {
            result_.bytes.push_back(static_cast<std::uint8_t>(rex_));
        }
        result_.bytes.insert(result_.bytes.end(), form_.opcode.begin(), form_.opcode.end());
        result_.bytes.push_back(static_cast<std::uint8_t>(mod << 6 | reg << 3 | rm));
    }

    void number(std::uint64_t value, std::uint32_t bytes) {
        for (std::uint32_t i = 0; i < bytes; ++i) {
            result_.bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
        }
    }

    std::uint32_t immediate_size() const {
        const auto size = static_cast<std::uint32_t>(form_.immediate);
        return size == 4 && result_.size == 2 ? 2 : size;
    }

    void relative_to_rip(std::uint32_t reg, std::uint64_t target, std::uint64_t code) {
        opcode_and_modrm(0, reg, 5);
        const std::uint64_t end = code + result_.bytes.size() + 4 + immediate_size();
        number(target - end, 4);
        number(random_(), immediate_size());
    }

    void relative_to_base(std::uint32_t reg, std::uint64_t target) {
        std::uint32_t base = stack_pointer;
        while (base == stack_pointer) {
            base = static_cast<std::uint32_t>(draw(rex_ != 0 ? 16 : 8));
        }
        auto index = static_cast<std::uint32_t>(draw(rex_ != 0 ? 16 : 8));
        if (index == base) {
            index = stack_pointer; // none
        }
        const auto scale = static_cast<std::uint32_t>(draw(4));
        const auto displacement = static_cast<std::int32_t>(random_());
        const bool needs_sib = (base & 7) == stack_pointer || index != stack_pointer || chance(4);
        rex_ |= base >= 8 ? 0x41 : 0;
        if (needs_sib) {
            rex_ |= index >= 8 ? 0x42 : 0;
            opcode_and_modrm(2, reg, 4);
            number(scale << 6 | (index & 7) << 3 | (base & 7), 1);
        } else {
            opcode_and_modrm(2, reg, base & 7);
        }
        number(static_cast<std::uint32_t>(displacement), 4);
        number(random_(), immediate_size());
        std::uint64_t value =
            target - result_.segment_base - static_cast<std::uint64_t>(std::int64_t{displacement});
        if (index != stack_pointer) {
            value -= result_.registers[index] << scale;
        }
        if (address32_) {
            value = (value & 0xFFFFFFFF) | random_() << 32; // the upper half does not matter
        }
        result_.registers[base] = value;
    }

    const StoreForm& form_;
    std::mt19937_64& random_;
    std::uint32_t rex_ = 0;
    bool address32_ = false;
    RandomStore result_{};
};

} // namespace

RandomStore random_store(const StoreForm& form, std::uint64_t target, std::uint64_t code,
                         std::uint64_t fs_base, std::mt19937_64& random) {
    return Encoder{form, random}.encode(target, code, fs_base);
}

} // namespace test
