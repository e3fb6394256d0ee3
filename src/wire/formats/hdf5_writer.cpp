// HDF5 as its library has written it since 1998, so that everything reads it: superblock of version 0, object headers of
// version 1, groups by a tree of one node over symbol tables, datasets in one piece. Objects are written children first.
// A tree node holds 32 symbol tables; the tables are made as large as the largest group needs.
#include <algorithm>
#include <map>

#include "wire/formats/hdf5.hpp"

namespace wire {
namespace {

constexpr uint64_t kUndefined = ~uint64_t{0};
constexpr uint64_t kSuperblockBytes = 96;
constexpr uint64_t kTreeRank = 16;  // a node of a group's tree has 2 * 16 children
constexpr uint64_t kLeastSymbolRank = 4;

struct Group {
  std::map<std::string, Group> groups;
  std::map<std::string, const FileTensor*> datasets;
};

void Pad(std::string* out, size_t to = 8) { out->append((to - out->size() % to) % to, '\0'); }

void AppendMessage(std::string* out, uint64_t type, std::string body) {
  Pad(&body);
  AppendNumber(out, type, 2);
  AppendNumber(out, body.size(), 2);
  AppendNumber(out, 0, 4);  // flags
  *out += body;
}

class Writer {
 public:
  std::string Write(const Group& root) {
    symbol_rank_ = std::max(kLeastSymbolRank, SymbolRank(root));
    out_.assign(kSuperblockBytes, '\0');
    const uint64_t address = WriteGroup(root);
    std::string head("\x89HDF\r\n\x1a\n", 8);
    AppendNumber(&head, 0, 5);  // versions
    AppendNumber(&head, 8, 1);  // sizes of offsets and lengths
    AppendNumber(&head, 8, 1);
    AppendNumber(&head, 0, 1);
    AppendNumber(&head, symbol_rank_, 2);
    AppendNumber(&head, kTreeRank, 2);
    AppendNumber(&head, 0, 4);
    AppendNumber(&head, 0, 8);  // base address
    AppendNumber(&head, kUndefined, 8);
    AppendNumber(&head, out_.size(), 8);
    AppendNumber(&head, kUndefined, 8);
    AppendEntry(&head, 0, address);
    return head + out_.substr(kSuperblockBytes);
  }

 private:
  static uint64_t SymbolRank(const Group& group) {
    const uint64_t children = group.groups.size() + group.datasets.size(), most = 2 * kTreeRank * 2;
    uint64_t rank = (children + most - 1) / most;
    for (const auto& entry : group.groups) rank = std::max(rank, SymbolRank(entry.second));
    return rank;
  }

  // A symbol table entry without a cache.
  static void AppendEntry(std::string* out, uint64_t name, uint64_t address) {
    AppendNumber(out, name, 8);
    AppendNumber(out, address, 8);
    out->append(24, '\0');
  }

  uint64_t WriteHeader(uint64_t count, const std::string& messages) {
    Pad(&out_);
    const uint64_t at = out_.size();
    AppendNumber(&out_, 1, 2);
    AppendNumber(&out_, count, 2);
    AppendNumber(&out_, 1, 4);  // links to it
    AppendNumber(&out_, messages.size(), 8);
    out_ += messages;
    return at;
  }

  uint64_t WriteDataset(const FileTensor& tensor) {
    Pad(&out_);
    const uint64_t data = tensor.data.empty() ? kUndefined : out_.size();
    out_ += tensor.data;
    std::string space, type, fill, layout, messages;
    AppendNumber(&space, 1, 1);
    AppendNumber(&space, tensor.shape.size(), 1);
    AppendNumber(&space, 0, 6);
    for (const int64_t size : tensor.shape) AppendNumber(&space, static_cast<uint64_t>(size), 8);
    AppendNumber(&type, 0x11, 1);      // a floating-point number
    AppendNumber(&type, 0x1F20, 3);    // little-endian, first bit of the fraction implied, sign in bit 31
    for (const auto& [value, width] : {std::pair<uint64_t, unsigned>{4, 4}, {0, 2}, {32, 2}, {23, 1}, {8, 1}, {0, 1}, {23, 1}, {127, 4}}) {
      AppendNumber(&type, value, width);
    }
    AppendNumber(&fill, 0x01020202, 4);  // version 2: space is taken late, filled if a value is set; it is the default
    AppendNumber(&fill, 0, 4);
    AppendNumber(&layout, 0x0103, 2);    // version 3, in one piece
    AppendNumber(&layout, data, 8);
    AppendNumber(&layout, tensor.data.size(), 8);
    AppendMessage(&messages, 0x01, space);
    AppendMessage(&messages, 0x03, type);
    AppendMessage(&messages, 0x05, fill);
    AppendMessage(&messages, 0x08, layout);
    return WriteHeader(4, messages);
  }

  uint64_t WriteGroup(const Group& group) {
    std::map<std::string, uint64_t> children;
    for (const auto& entry : group.groups) children[entry.first] = WriteGroup(entry.second);
    for (const auto& entry : group.datasets) children[entry.first] = WriteDataset(*entry.second);

    // the heap begins with the empty name, which is smaller than all
    std::string names(8, '\0'), tree, table;
    std::vector<uint64_t> tables;
    uint64_t in_table = 0, last_name = 0;
    std::string entries;
    const auto finish_table = [&] {
      if (in_table == 0) return;
      Pad(&out_);
      AppendNumber(&tree, out_.size(), 8);
      AppendNumber(&tree, last_name, 8);
      tables.push_back(out_.size());
      out_ += "SNOD";
      AppendNumber(&out_, 1, 2);
      AppendNumber(&out_, in_table, 2);
      out_ += entries;
      out_.append((2 * symbol_rank_ - in_table) * 40, '\0');
      entries.clear();
      in_table = 0;
    };
    for (const auto& child : children) {
      last_name = names.size();
      names += child.first;
      names.push_back('\0');
      Pad(&names);
      AppendEntry(&entries, last_name, child.second);
      if (++in_table == 2 * symbol_rank_) finish_table();
    }
    finish_table();

    Pad(&out_);
    const uint64_t node = out_.size();
    out_ += "TREE";
    AppendNumber(&out_, 0, 2);
    AppendNumber(&out_, tables.size(), 2);
    AppendNumber(&out_, kUndefined, 8);  // neighbours
    AppendNumber(&out_, kUndefined, 8);
    AppendNumber(&out_, 0, 8);           // the first key: the empty name
    out_ += tree;
    out_.append((2 * kTreeRank - tables.size()) * 16, '\0');

    const uint64_t heap = out_.size();
    out_ += "HEAP";
    AppendNumber(&out_, 0, 4);
    AppendNumber(&out_, names.size(), 8);
    AppendNumber(&out_, 1, 8);           // nothing is free
    AppendNumber(&out_, heap + 32, 8);
    out_ += names;

    std::string addresses, messages;
    AppendNumber(&addresses, node, 8);
    AppendNumber(&addresses, heap, 8);
    AppendMessage(&messages, 0x11, addresses);
    return WriteHeader(1, messages);
  }

  std::string out_;
  uint64_t symbol_rank_ = kLeastSymbolRank;
};

}  // namespace

std::string WriteHdf5(const TensorFile& file) {
  Group root;
  for (const FileTensor& tensor : file.tensors) {
    Group* group = &root;
    size_t begin = 0;
    for (size_t slash = tensor.name.find('/'); slash != std::string::npos; slash = tensor.name.find('/', begin)) {
      group = &group->groups[tensor.name.substr(begin, slash - begin)];
      begin = slash + 1;
    }
    group->datasets[tensor.name.substr(begin)] = &tensor;
  }
  return Writer().Write(root);
}

}  // namespace wire
