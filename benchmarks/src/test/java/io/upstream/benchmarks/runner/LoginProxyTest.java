// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoginProxyTest {
    private static final String DIGEST =
            "Digest username=\"bench\", realm=\"bench\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"localhost:%d\","
                    + " qop=auth, nc=00000001, cnonce=\"0a4f113b\", response=\"%s\"";

    @ParameterizedTest
    @CsvSource({
        "NONE, '', HTTP/1.1 200 Connection established",
        "BASIC, '', HTTP/1.1 407 Proxy Authentication Required",
        "BASIC, Basic YmVuY2g6c2VjcmV0, HTTP/1.1 200 Connection established",
        "BASIC, Basic YmVuY2g6d3Jvbmc=, HTTP/1.1 407 Proxy Authentication Required",
        "DIGEST, Basic YmVuY2g6c2VjcmV0, HTTP/1.1 407 Proxy Authentication Required"
    })
    void letsInWhoGivesTheRightCredentials(LoginProxy.Scheme scheme, String authorization, String expected)
            throws IOException {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                LoginProxy proxy = new LoginProxy(scheme)) {
            assertEquals(List.of(expected), ask(proxy, target, authorization));
            assertEquals(1, proxy.requests());
        }
    }

    @Test
    void checksTheHashOfDigest() throws IOException {
        try (ServerSocket target = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                LoginProxy proxy = new LoginProxy(LoginProxy.Scheme.DIGEST)) {
            String wrong = DIGEST.formatted(target.getLocalPort(), "0".repeat(32));
            assertTrue(ask(proxy, target, wrong).get(0).contains("407"));
        }
    }

    private static List<String> ask(LoginProxy proxy, ServerSocket target, String authorization) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), proxy.port())) {
            String authority = "localhost:" + target.getLocalPort();
            String request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n"
                    + (authorization.isEmpty() ? "" : "Proxy-Authorization: " + authorization + "\r\n") + "\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            return List.of(String.valueOf(in.readLine()));
        }
    }
}
