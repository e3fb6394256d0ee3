#include "engine/native/memory_plan.hpp"

#include <algorithm>
#include <numeric>

#include "engine/api/workspace.hpp"

namespace engine::native {

size_t PlanMemory(std::vector<Block>* blocks) {
  std::vector<size_t> order(blocks->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return (*blocks)[a].from < (*blocks)[b].from; });
  std::vector<const Block*> in_use;  // by their offsets
  size_t end = 0;
  for (const size_t index : order) {
    Block& block = (*blocks)[index];
    block.bytes = Workspace::Padded<char>(static_cast<int64_t>(block.bytes));
    const auto gone = [&](const Block* other) { return other->until < block.from; };
    in_use.erase(std::remove_if(in_use.begin(), in_use.end(), gone), in_use.end());
    block.offset = 0;
    auto next = in_use.begin();
    for (; next != in_use.end() && (*next)->offset < block.offset + block.bytes; ++next) {
      block.offset = std::max(block.offset, (*next)->offset + (*next)->bytes);
    }
    in_use.insert(next, &block);
    end = std::max(end, block.offset + block.bytes);
  }
  return end;
}

}  // namespace engine::native
