// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** {@link LoginProxy} as a process: prints its port, then for each line how many requests there were, and ends with its standard input. */
final class LoginProxyMain {
    private LoginProxyMain() {}

    /** Argument: the scheme. */
    public static void main(String[] args) throws IOException {
        LoginProxy.Scheme scheme = LoginProxy.Scheme.valueOf(args[0].toUpperCase(Locale.ROOT));
        try (LoginProxy proxy = new LoginProxy(scheme)) {
            System.out.println("{\"port\":" + proxy.port() + "}");
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while (in.readLine() != null) {
                System.out.println("{\"requests\":" + proxy.requests() + "}");
            }
        }
    }
}
