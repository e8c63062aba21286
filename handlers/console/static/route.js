// Addresses within the page: #panel/argument?name=value

/** Where the page is: {panel, argument, query}. */
export function here() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  const [panel, ...rest] = path.split("/");
  return {
    panel: panel || "now",
    argument: decoded(rest.join("/")),
    query: new URLSearchParams(query),
  };
}

/** The address of a panel. Parameters without a value are left out. */
export function to(panel, argument = "", query = {}) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  const asked = new URLSearchParams(given).toString();
  return `#${panel}${argument ? `/${encodeURIComponent(argument)}` : ""}${asked ? `?${asked}` : ""}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
