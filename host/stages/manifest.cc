#include "stages/manifest.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include <elf.h>

#include "planwright/plugin.h"

#include "base/embedded_files.h"
#include "stages/elf_bytes.h"

namespace planwright {
namespace {

constexpr std::size_t kManifestLimitBytes = std::size_t{1} << 20;

Error broken(const char* what) {
  return invalid(std::string("not a usable shared object: ") + what);
}

JsonSchema compiledSchema() {
  const auto& files = embeddedFiles();
  const auto file = files.find("sdk/schema/manifest.schema.json");
  if (file == files.end())
    throw std::logic_error("sdk/schema/manifest.schema.json is not embedded");
  auto schema = JsonSchema::compile(file->second);
  if (!schema) throw std::logic_error("sdk/schema/manifest.schema.json: " + schema.error().message);
  return std::move(*schema);
}

}  // namespace

bool Manifest::provides(std::string_view stage) const {
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

Result<std::string> manifestSection(std::string_view file) {
  const auto elf = elfHeader<Elf64_Ehdr>(file, 0);
  if (!elf || std::memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0) return invalid("not an ELF file");
  constexpr unsigned char kOrder =
      std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_ident[EI_DATA] != kOrder)
    return invalid("not a 64-bit ELF file of this machine's byte order");
  if (elf->e_type != ET_DYN) return invalid("an ELF file, but not a shared object");
  if (elf->e_shentsize != sizeof(Elf64_Shdr))
    return broken("its section table has an unknown format");
  const auto names = elfHeader<Elf64_Shdr>(
      file, elf->e_shoff + std::uint64_t{elf->e_shstrndx} * sizeof(Elf64_Shdr));
  if (elf->e_shstrndx >= elf->e_shnum || elf->e_shoff > file.size() || !names)
    return broken("its section table is cut off");
  const auto nameTable = elfSlice(file, names->sh_offset, names->sh_size);
  if (!nameTable) return broken("its section names are cut off");

  for (unsigned i = 0; i < elf->e_shnum; ++i) {
    const auto section =
        elfHeader<Elf64_Shdr>(file, elf->e_shoff + std::uint64_t{i} * sizeof(Elf64_Shdr));
    if (!section) return broken("its section table is cut off");
    if (section->sh_name >= nameTable->size()) continue;
    const std::string_view rest = nameTable->substr(section->sh_name);
    if (rest.substr(0, rest.find('\0')) != PW_MANIFEST_SECTION) continue;
    const auto content = elfSlice(file, section->sh_offset, section->sh_size);
    if (section->sh_type == SHT_NOBITS || !content) return broken("its manifest is cut off");
    if (content->size() > kManifestLimitBytes) return broken("its manifest is larger than 1 MiB");
    return std::string(content->substr(0, content->find('\0')));  // a linker may pad with zeros
  }
  return invalid("no " PW_MANIFEST_SECTION
                 " section: a shared object, but not a planwright plugin");
}

ManifestReader::ManifestReader() : schema_(compiledSchema()) {}

Result<Manifest> ManifestReader::parse(std::string_view json) const {
  const auto document = parseJson(json);
  if (!document) return invalid("its manifest is " + document.error().message);
  if (const auto fits = schema_.validate(*document); !fits)
    return invalid("its manifest is wrong at " + fits.error().message, fits.error().pointer);
  Manifest out;
  out.id = textOr(*document, "id");
  out.version = textOr(*document, "version");
  out.abi = textOr(*document, "abi");
  out.description = textOr(*document, "description");
  out.stages = textsOf(*document, "stages");
  out.secrets = textsOf(*document, "secrets");
  out.pure = boolOr(*document, "pure", false);
  const auto places = textsOf(*document, "isolation");
  const auto allows = [&](const char* place) {
    return places.empty() || std::find(places.begin(), places.end(), place) != places.end();
  };
  out.inproc = allows("inproc");
  out.process = allows("process");
  out.prefersProcess = !places.empty() && places.front() == "process";
  const auto reload = textOr(*document, "reload");
  out.reload = reload == "unload"    ? Manifest::Reload::Unload
               : reload == "process" ? Manifest::Reload::Process
                                     : Manifest::Reload::Any;
  if (const auto* asks = find(*document, "permissions")) {
    out.network = boolOr(*asks, "network", false);
    if (find(*asks, "exec")) out.exec = textsOf(*asks, "exec");
  }
  const auto* settings = find(*document, "settings");
  out.settingsSchemaJson = settings ? toJson(*settings) : "{}";
  out.json = toJson(*document);
  if (const auto schema = JsonSchema::compile(out.settingsSchemaJson); !schema)
    return invalid("its settings schema is wrong at /settings" + schema.error().pointer + ": " +
                   schema.error().message);
  return out;
}

}  // namespace planwright
