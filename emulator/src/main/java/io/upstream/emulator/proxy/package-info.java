// SPDX-License-Identifier: Apache-2.0
/**
 * A small HTTP CONNECT proxy for tests and demonstrations: it tunnels, asks for Basic credentials, refuses ports, keeps an access
 * log, and misbehaves on request. It is strict about what it is asked, so that a client's sloppiness shows here and not at a
 * customer's firewall. Start reading at {@link io.upstream.emulator.proxy.ConnectProxy}.
 */
@NullMarked
package io.upstream.emulator.proxy;

import org.jspecify.annotations.NullMarked;
