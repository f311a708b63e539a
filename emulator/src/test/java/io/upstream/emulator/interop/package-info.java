// SPDX-License-Identifier: Apache-2.0
/**
 * Microsoft's own device clients for Java, unmodified, against the emulator. They take host names but no ports, so the emulator is put on the
 * ports 8883, 5671 and 443 of a loopback address of its own.
 */
@NullMarked
package io.upstream.emulator.interop;

import org.jspecify.annotations.NullMarked;
