// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The variables that name a proxy, lower case first, and what is odd about them. A blank one is not set. In a module of Azure IoT Edge
 * its gateway and the neighbouring containers are exceptions by themselves: no proxy knows them.
 */
final class ProxyEnvironment {
    private final Map<String, String> variables;
    private final List<String> warnings = new ArrayList<>();
    private final String wanted;
    private final String proxyName;
    private final NoProxy exceptions;

    /** What is to be reached through the proxy. */
    enum Traffic {
        /** As all connections of ours are. */
        UNDER_TLS,
        /** For programs that ask on behalf of something else. */
        PLAIN_TEXT
    }

    ProxyEnvironment(Map<String, String> variables, Traffic traffic) {
        this.variables = variables;
        wanted = traffic == Traffic.UNDER_TLS ? "https_proxy" : "http_proxy";
        String named = traffic == Traffic.UNDER_TLS ? chosen("https_proxy", "HTTPS_PROXY") : plainText();
        if (named.isEmpty()) {
            named = chosen("all_proxy", "ALL_PROXY");
        }
        proxyName = named;
        exceptions = NoProxy.list(value(chosen("no_proxy", "NO_PROXY"))).and(aroundModule());
        boolean plainOnly = isSet("http_proxy") || isSet("HTTP_PROXY");
        if (traffic == Traffic.UNDER_TLS && named.isEmpty() && plainOnly) {
            warnings.add(
                    "only HTTP_PROXY is set, which is for plain text: set https_proxy, all connections here are under TLS");
        }
        warnings.addAll(exceptions.warnings());
    }

    /** A web server hands the header {@code Proxy} of any request to its CGI programs as {@code HTTP_PROXY} (CVE-2016-5385 and others). */
    private String plainText() {
        boolean cgi = isSet("REQUEST_METHOD") || isSet("GATEWAY_INTERFACE");
        if (!cgi) {
            return chosen("http_proxy", "HTTP_PROXY");
        }
        if (isSet("HTTP_PROXY")) {
            warnings.add("HTTP_PROXY is not believed in a CGI program: set http_proxy");
        }
        return isSet("http_proxy") ? "http_proxy" : "";
    }

    private NoProxy aroundModule() {
        return isSet("IOTEDGE_MODULEID") || isSet("IOTEDGE_WORKLOADURI")
                ? NoProxy.aroundModule(value("IOTEDGE_GATEWAYHOSTNAME"))
                : NoProxy.nothing();
    }

    /** The variable that decides, or a phrase for none. */
    String proxyName() {
        return proxyName.isEmpty() ? "the environment, where no " + wanted + " or all_proxy is set" : proxyName;
    }

    /** Blank if no variable is set. */
    String proxyValue() {
        String value = value(proxyName);
        return EnvironmentText.isLost(value)
                ? new EnvironmentText().recover(proxyName, value).orElse(value)
                : value;
    }

    /** What {@code no_proxy} lists and what a module has around it; not this machine. */
    NoProxy exceptions() {
        return exceptions;
    }

    /** Those about the exceptions included. */
    List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** Empty if both are blank. */
    private String chosen(String lower, String upper) {
        if (isSet(lower) && isSet(upper) && !value(lower).equals(value(upper))) {
            warnings.add(lower + " and " + upper + " differ, " + lower + " counts");
        }
        return isSet(lower) ? lower : isSet(upper) ? upper : "";
    }

    private boolean isSet(String name) {
        return !value(name).isBlank();
    }

    private String value(String name) {
        return variables.getOrDefault(name, "");
    }
}
