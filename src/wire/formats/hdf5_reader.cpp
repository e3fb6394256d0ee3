// HDF5 by its published file format, the part that the library writes by default: superblock, object headers of both
// versions, groups by symbol tables or by links in their header, datasets in one piece or in their header, attributes.
// What is optional there and not written by Keras (chunks, filters, shared messages, indexed links) is refused, or,
// for a dataset, kept as one that cannot be used.
//
// Untrusted: every address and length goes through ByteReader. Every object header, tree node and header block is read
// once, so that addresses in circles end, and Spend() counts what is read, so that no file makes more work than it has
// bytes.
#include <unordered_map>
#include <unordered_set>

#include "layers/refusal.hpp"
#include "wire/formats/hdf5.hpp"

namespace wire {
namespace {

using base::ErrorCode;

constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
constexpr uint64_t kUndefined = ~uint64_t{0};
constexpr int kDeepest = 32;
constexpr uint64_t kMostRank = 8;
constexpr uint64_t kMostTexts = 100000;

enum MessageType : uint64_t {
  kDataspace = 0x01, kLinkInfo = 0x02, kDatatype = 0x03, kLink = 0x06, kLayout = 0x08, kFilters = 0x0B, kAttribute = 0x0C,
  kContinuation = 0x10, kSymbolTable = 0x11, kAttributeInfo = 0x15,
};

struct Message {
  uint64_t type, at, bytes;
  bool shared;
};

struct Datatype {
  enum Kind { kNumber, kFixedText, kText, kOther } kind = kOther;
  ElementType element = ElementType::kOther;
  uint64_t bytes = 0;  // of an element
};

[[noreturn]] void Unsupported(const std::string& what) {
  throw base::Error(ErrorCode::kFeatureNotSupported, "the HDF5 file has " + what + ", which is not read", {},
                    "Write it by Keras, or by h5py with its defaults.");
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes, "HDF5") {}

  Hdf5File Read() {
    ReadObject(RootAddress(), "", 0);
    return std::move(out_);
  }

 private:
  uint64_t RootAddress() {
    if (bytes_.At(0, kSignature.size()) != kSignature) bytes_.Broken("does not begin as one");
    const uint64_t version = bytes_.Number(8, 1);
    if (version > 3) Unsupported("a superblock of version " + std::to_string(version));
    const uint64_t sizes = version < 2 ? 13 : 9;
    if (bytes_.Number(sizes, 1) != 8 || bytes_.Number(sizes + 1, 1) != 8) Unsupported("offsets of other than 8 bytes");
    const uint64_t base = version == 0 ? 24 : version == 1 ? 28 : 12;
    if (bytes_.Number(base, 8) != 0) Unsupported("a base address");
    if (version >= 2) return bytes_.Number(base + 24, 8);
    return bytes_.Number(base + 32 + 8, 8);  // of the root's symbol table entry
  }

  void Once(uint64_t at) {
    if (!read_.insert(at).second) bytes_.Broken("refers to byte " + std::to_string(at) + " twice");
  }

  // Every message, entry and text takes at least 4 bytes of its own in a sound file.
  void Spend() {
    if (++spent_ > bytes_.size() / 4 + 64) bytes_.Broken("uses the same bytes for several things");
  }

  // The messages of an object header, continuation blocks included.
  std::vector<Message> Messages(uint64_t at) {
    std::vector<Message> messages;
    struct Block { uint64_t begin, end; };
    std::vector<Block> blocks;
    const bool second = bytes_.At(at, 4) == "OHDR";
    uint64_t flags = 0;
    if (second) {
      if (bytes_.Number(at + 4, 1) != 2) Unsupported("an object header of version " + std::to_string(bytes_.Number(at + 4, 1)));
      flags = bytes_.Number(at + 5, 1);
      uint64_t next = at + 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
      const auto width = static_cast<unsigned>(1u << (flags & 3));
      const uint64_t length = bytes_.Number(next, width);
      bytes_.At(next + width, length);
      blocks.push_back({next + width, next + width + length});
    } else {
      if (bytes_.Number(at, 1) != 1) bytes_.Broken("has no object header at byte " + std::to_string(at));
      const uint64_t length = bytes_.Number(at + 8, 4);
      bytes_.At(at + 16, length);
      blocks.push_back({at + 16, at + 16 + length});
    }
    const uint64_t head = second ? 4 + ((flags & 4) != 0 ? 2 : 0) : 8;
    for (size_t i = 0; i < blocks.size(); ++i) {
      for (uint64_t next = blocks[i].begin; blocks[i].end - next >= head;) {
        Spend();
        Message message = {};
        message.type = bytes_.Number(next, second ? 1 : 2);
        message.bytes = bytes_.Number(next + (second ? 1 : 2), 2);
        message.shared = (bytes_.Number(next + (second ? 3 : 4), 1) & 2) != 0;
        message.at = next + head;
        if (message.bytes > blocks[i].end - message.at) bytes_.Broken("has a header message at byte " + std::to_string(next) + " that is too long");
        next = message.at + message.bytes;
        if (message.type != kContinuation) {
          messages.push_back(message);
          continue;
        }
        uint64_t begin = bytes_.Number(message.at, 8), length = bytes_.Number(message.at + 8, 8);
        Once(begin);
        bytes_.At(begin, length);
        if (second) {
          if (length < 8 || bytes_.At(begin, 4) != "OCHK") bytes_.Broken("has no header block at byte " + std::to_string(begin));
          begin += 4;
          length -= 8;
        }
        blocks.push_back({begin, begin + length});
      }
    }
    return messages;
  }

  const Message* Find(const std::vector<Message>& messages, uint64_t type) {
    for (const Message& message : messages) {
      if (message.type == type) return &message;
    }
    return nullptr;
  }

  void ReadObject(uint64_t at, const std::string& path, int depth) {
    if (depth > kDeepest) bytes_.Broken("nests groups deeper than 32 levels");
    if (path.size() > kLongestTensorName) bytes_.Broken("has a path of " + std::to_string(path.size()) + " bytes");
    Once(at);
    const std::vector<Message> messages = Messages(at);
    for (const Message& message : messages) {
      if (message.type == kAttribute && !message.shared) ReadAttribute(message, path);
      if (message.type == kLink) ReadLink(message, path, depth);
      if (message.type == kLinkInfo && bytes_.Number(message.at + 2 + ((bytes_.Number(message.at + 1, 1) & 1) != 0 ? 8 : 0), 8) != kUndefined) {
        Unsupported("groups with an index of their links");
      }
      if (message.type == kAttributeInfo && bytes_.Number(message.at + 2 + ((bytes_.Number(message.at + 1, 1) & 1) != 0 ? 2 : 0), 8) != kUndefined) {
        Unsupported("attributes with an index");
      }
      if (message.type == kSymbolTable) {
        const uint64_t tree = bytes_.Number(message.at, 8), heap = bytes_.Number(message.at + 8, 8);
        ReadTree(tree, heap, path, depth, 0);
      }
    }
    if (Find(messages, kLayout) != nullptr) ReadDataset(messages, path);
  }

  static std::string Inside(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "/" + std::string(name);
  }

  // A group's tree of symbol table nodes.
  void ReadTree(uint64_t at, uint64_t heap, const std::string& path, int depth, int level) {
    Once(at);
    if (level > kDeepest || bytes_.At(at, 4) != "TREE" || bytes_.Number(at + 4, 1) != 0) {
      bytes_.Broken("has no tree of a group at byte " + std::to_string(at));
    }
    const bool leaf = bytes_.Number(at + 5, 1) == 0;
    const uint64_t count = bytes_.Number(at + 6, 2);
    for (uint64_t i = 0; i < count; ++i) {
      Spend();
      const uint64_t child = bytes_.Number(at + 24 + 8 + i * 16, 8);
      if (leaf) {
        ReadSymbols(child, heap, path, depth);
      } else {
        ReadTree(child, heap, path, depth, level + 1);
      }
    }
  }

  void ReadSymbols(uint64_t at, uint64_t heap, const std::string& path, int depth) {
    Once(at);
    if (bytes_.At(at, 4) != "SNOD") bytes_.Broken("has no symbol table at byte " + std::to_string(at));
    if (bytes_.At(heap, 4) != "HEAP") bytes_.Broken("has no heap of names at byte " + std::to_string(heap));
    const uint64_t names = bytes_.Number(heap + 24, 8), names_bytes = bytes_.Number(heap + 8, 8);
    const uint64_t count = bytes_.Number(at + 6, 2);
    for (uint64_t i = 0; i < count; ++i) {
      Spend();
      const uint64_t entry = at + 8 + i * 40, offset = bytes_.Number(entry, 8);
      if (bytes_.Number(entry + 16, 4) == 2) continue;  // a symbolic link
      if (offset >= names_bytes) bytes_.Broken("has a name outside of its heap");
      const std::string_view rest = bytes_.At(names, names_bytes).substr(offset, kLongestTensorName + 1);
      const size_t end = rest.find('\0');
      if (end == std::string_view::npos) bytes_.Broken("has a name without an end");
      ReadObject(bytes_.Number(entry + 8, 8), Inside(path, rest.substr(0, end)), depth + 1);
    }
  }

  void ReadLink(const Message& message, const std::string& path, int depth) {
    const uint64_t flags = bytes_.Number(message.at + 1, 1);
    uint64_t next = message.at + 2;
    uint64_t type = 0;
    if ((flags & 8) != 0) type = bytes_.Number(next++, 1);
    next += ((flags & 4) != 0 ? 8 : 0) + ((flags & 16) != 0 ? 1 : 0);
    const auto width = static_cast<unsigned>(1u << (flags & 3));
    const uint64_t length = bytes_.Number(next, width);
    if (length > kLongestTensorName) bytes_.Broken("has a name of " + std::to_string(length) + " bytes");
    const std::string_view name = bytes_.At(next + width, length);
    if (type != 0) return;  // elsewhere, or into another file
    ReadObject(bytes_.Number(next + width + length, 8), Inside(path, name), depth + 1);
  }

  base::Shape ReadShape(uint64_t at) {
    const uint64_t version = bytes_.Number(at, 1), rank = bytes_.Number(at + 1, 1);
    if (version != 1 && version != 2) Unsupported("a dataspace of version " + std::to_string(version));
    if (rank > kMostRank) bytes_.Broken("has a dataspace of " + std::to_string(rank) + " dimensions, more than 8");
    base::Shape shape;
    for (uint64_t i = 0; i < rank; ++i) {
      const uint64_t size = bytes_.Number(at + (version == 1 ? 8 : 4) + i * 8, 8);
      if (size > static_cast<uint64_t>(INT64_MAX)) bytes_.Broken("has a dimension of " + std::to_string(size));
      shape.push_back(static_cast<int64_t>(size));
    }
    if (version == 2 && bytes_.Number(at + 3, 1) == 2) shape = {0};  // no elements
    return shape;
  }

  // Signed and little-endian ones of 4 and 8 bytes.
  void ReadInteger(uint64_t at, uint64_t bits, Datatype* type) {
    const bool plain = (bits & 9) == 8 && bytes_.Number(at + 8, 2) == 0 && bytes_.Number(at + 10, 2) == 8 * type->bytes;
    if (!plain || (type->bytes != 4 && type->bytes != 8)) return;
    type->kind = Datatype::kNumber;
    type->element = type->bytes == 4 ? ElementType::kInt32 : ElementType::kInt64;
  }

  Datatype ReadType(uint64_t at) {
    Datatype type;
    const uint64_t type_class = bytes_.Number(at, 1) & 15, bits = bytes_.Number(at + 1, 3);
    type.bytes = bytes_.Number(at + 4, 4);
    if (type_class == 3) type.kind = Datatype::kFixedText;
    if (type_class == 9 && (bits & 15) == 1) type.kind = Datatype::kText;
    if (type_class == 0) ReadInteger(at, bits, &type);
    if (type_class != 1) return type;
    type.kind = Datatype::kNumber;
    if ((bits & 0x41) != 0) return type;  // not little-endian
    struct Layout {
      uint64_t bytes, precision, exponent_at, exponent, mantissa, bias;
      ElementType element;
    };
    constexpr Layout kLayouts[] = {{2, 16, 10, 5, 10, 15, ElementType::kFloat16},
                                   {2, 16, 7, 8, 7, 127, ElementType::kBFloat16},
                                   {4, 32, 23, 8, 23, 127, ElementType::kFloat32},
                                   {8, 64, 52, 11, 52, 1023, ElementType::kFloat64}};
    for (const Layout& layout : kLayouts) {
      if (type.bytes == layout.bytes && bytes_.Number(at + 8, 2) == 0 && bytes_.Number(at + 10, 2) == layout.precision &&
          bytes_.Number(at + 12, 1) == layout.exponent_at && bytes_.Number(at + 13, 1) == layout.exponent && bytes_.Number(at + 14, 1) == 0 &&
          bytes_.Number(at + 15, 1) == layout.mantissa && bytes_.Number(at + 16, 4) == layout.bias) {
        type.element = layout.element;
      }
    }
    return type;
  }

  void ReadDataset(const std::vector<Message>& messages, const std::string& path) {
    const Message *space = Find(messages, kDataspace), *type_message = Find(messages, kDatatype), *layout = Find(messages, kLayout);
    if (space == nullptr || type_message == nullptr) bytes_.Broken("has a dataset without a type or a shape");
    if (out_.file.tensors.size() >= kMostFileTensors) bytes_.Broken("has more than 1000000 datasets");
    FileTensor tensor;
    tensor.name = path;
    tensor.type = ElementType::kElsewhere;
    if (space->shared || type_message->shared || layout->shared) {
      out_.file.tensors.push_back(std::move(tensor));
      return;
    }
    tensor.shape = ReadShape(space->at);
    Datatype type = ReadType(type_message->at);
    const bool integer = type.element == ElementType::kInt32 || type.element == ElementType::kInt64;
    if (integer && !tensor.shape.empty()) type.element = ElementType::kOther;  // not read
    const uint64_t version = bytes_.Number(layout->at, 1), kind = bytes_.Number(layout->at + 1, 1);
    const bool in_one_piece = (version == 3 || version == 4) && kind <= 1 && Find(messages, kFilters) == nullptr;
    if (in_one_piece && type.kind == Datatype::kNumber && type.element != ElementType::kOther) {
      const uint64_t bytes = TensorBytes(bytes_, tensor.shape, type.bytes, bytes_.size());
      const uint64_t stored = kind == 0 ? bytes_.Number(layout->at + 2, 2) : bytes_.Number(layout->at + 10, 8);
      const uint64_t address = kind == 0 ? layout->at + 4 : bytes_.Number(layout->at + 2, 8);
      if (bytes > 0 && stored != bytes) {
        bytes_.Broken("stores " + std::to_string(stored) + " bytes for dataset " + layers::Quote(path) + " of shape " +
                      base::FormatShape(tensor.shape));
      }
      tensor.type = type.element;
      if (bytes > 0) tensor.data = bytes_.At(address, bytes);
    } else if (in_one_piece) {
      tensor.type = ElementType::kOther;
    }
    out_.file.tensors.push_back(std::move(tensor));
  }

  void ReadAttribute(const Message& message, const std::string& path) {
    const uint64_t version = bytes_.Number(message.at, 1);
    if (version < 1 || version > 3) Unsupported("an attribute of version " + std::to_string(version));
    if (version > 1 && (bytes_.Number(message.at + 1, 1) & 3) != 0) return;  // of a shared type: no text
    const uint64_t pad = version == 1 ? 7 : 0;
    const uint64_t name_bytes = bytes_.Number(message.at + 2, 2), type_bytes = bytes_.Number(message.at + 4, 2),
                   space_bytes = bytes_.Number(message.at + 6, 2);
    const uint64_t name_at = message.at + (version == 3 ? 9 : 8);
    const uint64_t type_at = name_at + ((name_bytes + pad) & ~pad), space_at = type_at + ((type_bytes + pad) & ~pad),
                   data_at = space_at + ((space_bytes + pad) & ~pad);
    std::string_view name = bytes_.At(name_at, name_bytes);
    name = name.substr(0, name.find('\0'));
    const Datatype type = ReadType(type_at);
    if (type.kind != Datatype::kFixedText && type.kind != Datatype::kText) return;
    const base::Shape shape = ReadShape(space_at);
    const uint64_t width = type.kind == Datatype::kText ? 16 : type.bytes;
    const uint64_t bytes = TensorBytes(bytes_, shape, width, bytes_.size());
    if (width == 0) return;
    bytes_.At(data_at, bytes);
    text_count_ += bytes / width;
    if (text_count_ > kMostTexts) bytes_.Broken("has more than 100000 texts in attributes");
    std::vector<std::string> texts;
    for (uint64_t at = data_at; at < data_at + bytes; at += width) {
      const std::string_view text = type.kind == Datatype::kText ? HeapText(at) : bytes_.At(at, width);
      text_bytes_ += text.size();
      if (text_bytes_ > bytes_.size()) bytes_.Broken("uses a text more often than it is there");
      texts.emplace_back(text.substr(0, text.find('\0')));
    }
    out_.texts[path + "@" + std::string(name)] = std::move(texts);
  }

  // A text of the global heap, by its reference.
  std::string_view HeapText(uint64_t reference) {
    const uint64_t length = bytes_.Number(reference, 4), heap = bytes_.Number(reference + 4, 8), index = bytes_.Number(reference + 12, 4);
    if (length == 0) return {};
    const auto& objects = HeapObjects(heap);
    const auto found = objects.find(index);
    if (found == objects.end() || found->second.size() < length) bytes_.Broken("has no text where an attribute says");
    return found->second.substr(0, length);
  }

  const std::unordered_map<uint64_t, std::string_view>& HeapObjects(uint64_t heap) {
    const auto known = heaps_.find(heap);
    if (known != heaps_.end()) return known->second;
    if (bytes_.At(heap, 4) != "GCOL") bytes_.Broken("has no global heap at byte " + std::to_string(heap));
    Once(heap);
    const uint64_t bytes = bytes_.Number(heap + 8, 8);
    bytes_.At(heap, bytes);
    std::unordered_map<uint64_t, std::string_view> objects;
    for (uint64_t at = 16; at + 16 <= bytes;) {
      Spend();
      const uint64_t index = bytes_.Number(heap + at, 2), size = bytes_.Number(heap + at + 8, 8);
      if (index == 0) break;  // what is free
      if (size > bytes - at - 16) bytes_.Broken("has a text that is longer than its heap");
      objects[index] = bytes_.At(heap + at + 16, size);
      at += 16 + ((size + 7) & ~uint64_t{7});
    }
    return heaps_[heap] = std::move(objects);
  }

  const ByteReader bytes_;
  Hdf5File out_;
  std::unordered_set<uint64_t> read_;
  std::unordered_map<uint64_t, std::unordered_map<uint64_t, std::string_view>> heaps_;
  uint64_t text_count_ = 0, text_bytes_ = 0, spent_ = 0;
};

}  // namespace

const std::vector<std::string>* Hdf5File::Texts(const std::string& group, const std::string& name) const {
  const auto found = texts.find(group + "@" + name);
  return found == texts.end() ? nullptr : &found->second;
}

bool IsHdf5(std::string_view bytes) { return bytes.substr(0, kSignature.size()) == kSignature; }

Hdf5File ReadHdf5(std::string_view bytes) { return Reader(bytes).Read(); }

}  // namespace wire
