// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The variables that name a proxy for connections under TLS, lower case first, and what is odd about them. A blank one is not set. */
final class ProxyEnvironment {
    private final Map<String, String> variables;
    private final List<String> warnings = new ArrayList<>();
    private final String proxyName;
    private final String exceptions;

    ProxyEnvironment(Map<String, String> variables) {
        this.variables = variables;
        String named = chosen("https_proxy", "HTTPS_PROXY");
        if (named.isEmpty()) {
            named = chosen("all_proxy", "ALL_PROXY");
        }
        proxyName = named;
        exceptions = value(chosen("no_proxy", "NO_PROXY"));
        boolean plainOnly =
                !value("http_proxy").isBlank() || !value("HTTP_PROXY").isBlank();
        if (named.isEmpty() && plainOnly) {
            warnings.add(
                    "only HTTP_PROXY is set, which is for plain text: set https_proxy, all connections here are under TLS");
        }
    }

    /** The variable that decides, or a phrase for none. */
    String proxyName() {
        return proxyName.isEmpty() ? "the environment, where no https_proxy or all_proxy is set" : proxyName;
    }

    /** Blank if no variable is set. */
    String proxyValue() {
        return value(proxyName);
    }

    /** The list of {@code no_proxy}; may be blank. */
    String exceptions() {
        return exceptions;
    }

    List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** Empty if both are blank. */
    private String chosen(String lower, String upper) {
        boolean lowerIsSet = !value(lower).isBlank();
        boolean upperIsSet = !value(upper).isBlank();
        if (lowerIsSet && upperIsSet && !value(lower).equals(value(upper))) {
            warnings.add(lower + " and " + upper + " differ, " + lower + " counts");
        }
        return lowerIsSet ? lower : upperIsSet ? upper : "";
    }

    private String value(String name) {
        return variables.getOrDefault(name, "");
    }
}
