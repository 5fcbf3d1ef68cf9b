#pragma once

#include <string_view>

namespace planwright {

// What bytes from outside must survive. Each reads `input` as its reader would, checks what is
// promised of the answer, and aborts if that does not hold. Used by the fuzz targets and by the
// unit test that replays their corpora.

/// A planner's document: parsed, sealed, and read again from the sealed bytes.
void exercisePlanDocument(std::string_view input);
/// A configuration file.
void exerciseConfig(std::string_view input);
/// A shared object, or a manifest alone if the input begins with '{'. A good manifest's settings
/// schema is then used.
void exercisePluginManifest(std::string_view input);
/// An upload as multipart/form-data: the content type, a line feed, the body.
void exerciseMultipart(std::string_view input);
/// The words of a program as the keeper takes them apart; the first two bytes are the counts.
void exerciseKeeperText(std::string_view input);
/// What a worker sends as the header of a frame.
void exerciseFrameHeader(std::string_view input);

}  // namespace planwright
