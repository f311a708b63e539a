// SPDX-License-Identifier: Apache-2.0
/**
 * Microsoft's own device SDK for Java, unmodified, against the emulator over all four protocols. The SDK takes host names but no ports, so {@link
 * io.upstream.emulator.interop.SdkHub} puts a hub on the ports 8883, 5671 and 443 of a loopback address of its own. What passes here is not just two halves of one
 * project agreeing.
 */
@NullMarked
package io.upstream.emulator.interop;

import org.jspecify.annotations.NullMarked;
