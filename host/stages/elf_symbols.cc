#include "stages/elf_symbols.h"

#include <cstring>

#include <elf.h>

#include "stages/elf_bytes.h"

namespace planwright {
namespace {

void readSymbols(std::string_view symbols, std::string_view names, ElfFacts& facts) {
  for (std::uint64_t i = 0; const auto symbol = elfHeader<Elf64_Sym>(symbols, i);
       i += sizeof(Elf64_Sym)) {
    const auto bind = ELF64_ST_BIND(symbol->st_info);
    const auto seen = ELF64_ST_VISIBILITY(symbol->st_other);
    if (symbol->st_shndx == SHN_UNDEF || bind == STB_LOCAL || symbol->st_name >= names.size() ||
        seen == STV_HIDDEN || seen == STV_INTERNAL)
      continue;
    const std::string_view rest = names.substr(symbol->st_name);
    facts.exported.emplace_back(rest.substr(0, rest.find('\0')));
    if (bind == STB_GNU_UNIQUE) facts.unique.push_back(facts.exported.back());
  }
}

void readDynamic(std::string_view entries, ElfFacts& facts) {
  for (std::uint64_t i = 0; const auto entry = elfHeader<Elf64_Dyn>(entries, i);
       i += sizeof(Elf64_Dyn)) {
    if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
      facts.hasTextRelocations = true;
    if (entry->d_tag == DT_FLAGS_1 && entry->d_un.d_val & DF_1_NODELETE) facts.isNoDelete = true;
  }
}

}  // namespace

Result<ElfFacts> elfFacts(std::string_view file) {
  const auto elf = elfHeader<Elf64_Ehdr>(file, 0);
  if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return invalid("not an ELF file");
  const auto section = [&](unsigned i) {
    return i < elf->e_shnum
               ? elfHeader<Elf64_Shdr>(file, elf->e_shoff + std::uint64_t{i} * sizeof(Elf64_Shdr))
               : std::nullopt;
  };
  ElfFacts facts;
  bool hasSymbols = false;
  for (unsigned i = 0; const auto header = section(i); ++i) {
    const auto content = elfSlice(file, header->sh_offset, header->sh_size).value_or("");
    if (header->sh_type == SHT_DYNAMIC) readDynamic(content, facts);
    if (header->sh_type != SHT_DYNSYM) continue;
    hasSymbols = true;
    if (const auto names = section(header->sh_link))
      readSymbols(content, elfSlice(file, names->sh_offset, names->sh_size).value_or(""), facts);
  }
  if (!hasSymbols) return invalid("a shared object without dynamic symbols");
  return facts;
}

}  // namespace planwright
