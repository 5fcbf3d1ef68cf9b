#include "http/router.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace planwright {

/// One segment of the tree of patterns.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;  ///< {name}
  std::unique_ptr<Node> rest;       ///< {name...}
  std::map<Method, Route> routes;   ///< what ends here

  /// The node for these segments, with what the parameters caught; null if there is none with a
  /// route.
  const Node* find(const std::vector<std::string_view>& segments, std::size_t at,
                   std::vector<std::string>& caught) const;
};

namespace {

/// "/api//plans/" -> {"api", "", "plans", ""}: empty segments stay, so "//" never equals "/".
std::vector<std::string_view> segmentsOf(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool isParameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool isRest(std::string_view segment) {
  return segment.ends_with("...}");
}

std::string allowed(const std::map<Method, Route>& routes) {
  std::string text;
  for (const auto& [method, route] : routes) {
    text.append(toText(method)).append(", ");
    if (method == Method::Get && !routes.contains(Method::Head)) text += "HEAD, ";
  }
  return text + "OPTIONS";
}

std::map<std::string, std::string, std::less<>> named(std::string_view pattern,
                                                      std::vector<std::string> caught) {
  std::map<std::string, std::string, std::less<>> params;
  std::size_t next = 0;
  for (std::string_view segment : segmentsOf(pattern)) {
    if (!isParameter(segment)) continue;
    segment = segment.substr(1, segment.size() - (isRest(segment) ? 5 : 2));
    params.emplace(segment, std::move(caught.at(next++)));
  }
  return params;
}

}  // namespace

const Router::Node* Router::Node::find(const std::vector<std::string_view>& segments,
                                       std::size_t at, std::vector<std::string>& caught) const {
  if (at == segments.size()) return routes.empty() ? nullptr : this;
  const auto literal = literals.find(segments[at]);
  if (literal != literals.end()) {
    if (const Node* node = literal->second->find(segments, at + 1, caught)) return node;
  }
  if (parameter && !segments[at].empty()) {
    caught.emplace_back(segments[at]);
    if (const Node* node = parameter->find(segments, at + 1, caught)) return node;
    caught.pop_back();
  }
  if (!rest || segments[at].empty()) return nullptr;
  const std::string_view last = segments.back();
  caught.emplace_back(segments[at].data(), last.data() + last.size());
  return rest.get();
}

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
  const std::string name(pattern);
  if (!pattern.starts_with('/')) throw std::invalid_argument("route without a slash: " + name);
  const std::vector<std::string_view> segments = segmentsOf(pattern);
  Node* node = root_.get();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (isRest(segments[i]) && i + 1 < segments.size()) {
      throw std::invalid_argument("a {name...} must come last: " + name);
    }
    auto& next = !isParameter(segments[i]) ? node->literals[std::string(segments[i])]
                 : isRest(segments[i])     ? node->rest
                                           : node->parameter;
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  Route route{method, name, std::move(handler), options, rightOf(method, name)};
  if (!node->routes.emplace(method, std::move(route)).second) {
    throw std::invalid_argument("route is there already: " + name);
  }
}

void Router::fallback(Handler handler) {
  fallback_ = std::make_unique<Route>(
      Route{Method::Get, "", std::move(handler), {}, rightOf(Method::Get, "")});
}

bool Router::hasTop(std::string_view segment) const {
  return std::any_of(root_->literals.begin(), root_->literals.end(), [&](const auto& literal) {
    return equalsIgnoringCase(literal.first, segment);
  });
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match match;
  if (path == "*") {  // only OPTIONS may ask this: what can the server do at all
    match.status = 204;
    match.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    return match;
  }
  std::vector<std::string> caught;
  const Node* node = root_->find(segmentsOf(path), 0, caught);
  if (node == nullptr) {
    if (fallback_ && (method == Method::Get || method == Method::Head)) {
      match.route = fallback_.get();
    }
    return match;
  }
  for (std::string& value : caught) {
    Result<std::string> decoded = decodedUrl(value);
    if (!decoded) {
      match.status = 400;
      return match;
    }
    value = std::move(*decoded);
  }
  auto found = node->routes.find(method);
  if (found == node->routes.end() && method == Method::Head) found = node->routes.find(Method::Get);
  if (found == node->routes.end()) {
    match.status = method == Method::Options ? 204 : 405;
    match.allow = allowed(node->routes);
    return match;
  }
  match.route = &found->second;
  match.params = named(match.route->pattern, std::move(caught));
  return match;
}

}  // namespace planwright
