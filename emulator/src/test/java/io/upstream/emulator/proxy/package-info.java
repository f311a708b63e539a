// SPDX-License-Identifier: Apache-2.0
/** The CONNECT proxy, driven over plain sockets. Start reading at {@code ConnectProxyTest}. */
@NullMarked
package io.upstream.emulator.proxy;

import org.jspecify.annotations.NullMarked;
