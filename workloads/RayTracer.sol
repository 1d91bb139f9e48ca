// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// Spheres on a chequered floor under an evening sky: shadows, reflections, haze. Numbers are
/// signed fixed point with 32 bits behind the point.
contract RayTracer {
    struct Vector {
        int256 x;
        int256 y;
        int256 z;
    }

    struct Sphere {
        Vector center;
        int256 radius;
        Vector color;
        /// Share of the light that is mirrored when looked at head-on.
        int256 mirror;
    }

    struct Hit {
        int256 distance;
        Vector point;
        Vector normal;
        Vector color;
        int256 mirror;
    }

    int256 private constant ONE = 1 << 32;
    int256 private constant FAR = 1 << 52;
    /// Shadow and mirror rays start this far off the surface.
    int256 private constant SKIN = ONE >> 10;
    uint256 private constant BOUNCES = 5;

    /// One line of the picture, three bytes a pixel.
    function line(uint256 y, uint256 width, uint256 height) external pure returns (bytes memory pixels) {
        pixels = new bytes(3 * width);
        Sphere[] memory scene = spheres();
        for (uint256 x = 0; x < width; x++) {
            uint256 color = sample(scene, x, y, width, height);
            pixels[3 * x] = bytes1(uint8(color >> 16));
            pixels[3 * x + 1] = bytes1(uint8(color >> 8));
            pixels[3 * x + 2] = bytes1(uint8(color));
        }
    }

    /// One pixel: red, green, blue in the lowest three bytes.
    function pixel(uint256 x, uint256 y, uint256 width, uint256 height) external pure returns (uint256) {
        return sample(spheres(), x, y, width, height);
    }

    /// The mean of four rays.
    function sample(Sphere[] memory scene, uint256 x, uint256 y, uint256 width, uint256 height)
        private
        pure
        returns (uint256)
    {
        Vector memory sum = vector(0, 0, 0);
        unchecked {
            for (uint256 ray = 0; ray < 4; ray++) {
                // Quarters of a pixel, in eighths from its corner.
                int256 u = int256(8 * x + 2 + 4 * (ray & 1)) - int256(4 * width);
                int256 v = int256(4 * height) - int256(8 * y + 2 + 4 * (ray >> 1));
                Vector memory color = trace(scene, u * ONE / int256(8 * height), v * ONE / int256(8 * height));
                sum = add(sum, color);
            }
            return (tone(sum.x >> 2) << 16) | (tone(sum.y >> 2) << 8) | tone(sum.z >> 2);
        }
    }

    function trace(Sphere[] memory scene, int256 u, int256 v) private pure returns (Vector memory color) {
        unchecked {
            Vector memory origin = vector(0, ONE * 8 / 5, -ONE * 6);
            // Looks a little downwards.
            Vector memory direction = normalize(vector(u, v - ONE / 9, ONE));
            color = vector(0, 0, 0);
            Vector memory share = vector(ONE, ONE, ONE);
            for (uint256 bounce = 0; bounce < BOUNCES; bounce++) {
                Hit memory hit = intersect(scene, origin, direction);
                if (hit.distance == FAR) return add(color, product(share, sky(direction)));
                int256 mirror = fresnel(hit.mirror, -dot(hit.normal, direction));
                Vector memory outside = add(hit.point, scale(hit.normal, SKIN));
                Vector memory lit = shade(scene, hit, outside, direction);
                color = add(color, scale(product(share, lit), ONE - mirror));
                // Metals tint what they mirror.
                Vector memory tint = hit.mirror > ONE / 2 ? hit.color : vector(ONE, ONE, ONE);
                share = scale(product(share, tint), mirror);
                if (share.x + share.y + share.z < ONE / 50) return color;
                direction = reflect(direction, hit.normal);
                origin = outside;
            }
        }
    }

    function shade(Sphere[] memory scene, Hit memory hit, Vector memory outside, Vector memory direction)
        private
        pure
        returns (Vector memory lit)
    {
        unchecked {
            Vector memory sun = sunDirection();
            // Light of the sky from above, and a little from the floor.
            int256 up = (hit.normal.y + ONE) / 2;
            lit = product(hit.color, vector(ONE / 7 + up / 6, ONE / 7 + up / 5, ONE / 6 + up / 3));
            int256 facing = dot(hit.normal, sun);
            if (facing > 0 && !shadowed(scene, outside, sun)) {
                lit = add(lit, scale(product(hit.color, sunColor()), facing));
                int256 gloss = dot(reflect(direction, hit.normal), sun);
                if (gloss > 0) {
                    // To the power of 64.
                    for (uint256 i = 0; i < 6; i++) gloss = (gloss * gloss) >> 32;
                    lit = add(lit, scale(sunColor(), gloss));
                }
            }
            // Haze: distance takes the colours of the horizon.
            int256 haze = hit.distance / 60;
            if (haze > ONE) haze = ONE;
            haze = (haze * haze) >> 32;
            Vector memory horizon = sky(vector(direction.x, 0, direction.z));
            lit = add(scale(lit, ONE - haze), scale(horizon, haze));
        }
    }

    function intersect(Sphere[] memory scene, Vector memory origin, Vector memory direction)
        private
        pure
        returns (Hit memory hit)
    {
        unchecked {
            hit.distance = FAR;
            Sphere memory nearest;
            for (uint256 i = 0; i < scene.length; i++) {
                int256 distance = distanceTo(scene[i], origin, direction);
                if (distance < hit.distance) {
                    hit.distance = distance;
                    nearest = scene[i];
                }
            }
            if (direction.y < 0) {
                int256 distance = (-origin.y << 32) / direction.y;
                if (distance < hit.distance && distance < ONE * 200) return floorAt(origin, direction, distance);
            }
            if (hit.distance == FAR) return hit;
            hit.point = add(origin, scale(direction, hit.distance));
            hit.normal = scale(sub(hit.point, nearest.center), (ONE << 32) / nearest.radius);
            hit.color = nearest.color;
            hit.mirror = nearest.mirror;
        }
    }

    function floorAt(Vector memory origin, Vector memory direction, int256 distance)
        private
        pure
        returns (Hit memory hit)
    {
        unchecked {
            hit.distance = distance;
            hit.point = add(origin, scale(direction, distance));
            hit.point.y = 0;
            hit.normal = vector(0, ONE, 0);
            bool dark = ((hit.point.x >> 32) + (hit.point.z >> 32)) & 1 == 0;
            hit.color = dark ? vector(ONE / 14, ONE / 16, ONE / 11) : vector(ONE * 4 / 5, ONE * 3 / 4, ONE * 2 / 3);
            hit.mirror = ONE / 12;
        }
    }

    /// FAR where it is missed.
    function distanceTo(Sphere memory sphere, Vector memory origin, Vector memory direction)
        private
        pure
        returns (int256)
    {
        unchecked {
            Vector memory to = sub(sphere.center, origin);
            int256 along = dot(to, direction);
            if (along < 0) return FAR;
            int256 inside = ((sphere.radius * sphere.radius) >> 32) - dot(to, to) + ((along * along) >> 32);
            if (inside < 0) return FAR;
            int256 distance = along - int256(root(uint256(inside << 32)));
            return distance < 0 ? FAR : distance;
        }
    }

    function shadowed(Sphere[] memory scene, Vector memory point, Vector memory sun) private pure returns (bool) {
        unchecked {
            for (uint256 i = 0; i < scene.length; i++) {
                if (distanceTo(scene[i], point, sun) < FAR) return true;
            }
            return false;
        }
    }

    /// From warm at the horizon to blue above, with the sun and its glow.
    function sky(Vector memory direction) private pure returns (Vector memory color) {
        unchecked {
            int256 height = direction.y < 0 ? int256(0) : direction.y;
            int256 low = ONE - height;
            int256 glow = (low * low) >> 32;
            glow = (glow * glow) >> 32;
            color = vector(ONE / 8 + glow * 3 / 4, ONE / 5 + glow * 2 / 5, ONE * 9 / 20 + glow / 10);
            int256 sun = dot(direction, sunDirection());
            if (sun <= 0) return color;
            int256 disc = sun;
            for (uint256 i = 0; i < 4; i++) disc = (disc * disc) >> 32;
            color = add(color, scale(vector(ONE / 2, ONE / 3, ONE / 8), disc));
            for (uint256 i = 0; i < 6; i++) disc = (disc * disc) >> 32;
            color = add(color, scale(sunColor(), disc));
        }
    }

    /// Schlick's approximation.
    function fresnel(int256 mirror, int256 cosine) private pure returns (int256) {
        unchecked {
            int256 grazing = cosine < 0 ? ONE : ONE - cosine;
            int256 square = (grazing * grazing) >> 32;
            int256 fifth = (((square * square) >> 32) * grazing) >> 32;
            return mirror + (((ONE - mirror) * fifth) >> 32);
        }
    }

    function spheres() private pure returns (Sphere[] memory scene) {
        unchecked {
            scene = new Sphere[](12);
            scene[0] = Sphere(vector(0, ONE * 3 / 2, 0), ONE * 3 / 2, vector(ONE * 9 / 10, ONE * 9 / 10, ONE * 19 / 20), ONE * 4 / 5);
            scene[1] = Sphere(vector(-ONE * 13 / 5, ONE, ONE / 2), ONE, vector(ONE * 9 / 10, ONE / 8, ONE / 12), ONE / 12);
            scene[2] = Sphere(vector(ONE * 27 / 10, ONE * 11 / 10, ONE), ONE * 11 / 10, vector(ONE * 19 / 20, ONE * 13 / 20, ONE / 5), ONE * 3 / 5);
            scene[3] = Sphere(vector(-ONE * 11 / 2, ONE * 8 / 5, ONE * 5), ONE * 8 / 5, vector(ONE / 10, ONE * 2 / 5, ONE * 3 / 4), ONE / 6);
            scene[4] = Sphere(vector(ONE * 13 / 2, ONE * 2, ONE * 13 / 2), ONE * 2, vector(ONE / 5, ONE * 3 / 5, ONE / 4), ONE / 8);
            // A row of small ones in front, from violet to orange.
            for (int256 i = 0; i < 7; i++) {
                int256 x = (i - 3) * ONE * 17 / 20;
                int256 z = -ONE * 2 - ONE * (9 - (i - 3) * (i - 3)) / 14;
                Vector memory color = vector(ONE * (2 + i) / 9, ONE * (1 + i) / 16, ONE * (8 - i) / 9);
                int256 radius = ONE * (i & 1 == 0 ? int256(3) : int256(2)) / 10;
                scene[uint256(5 + i)] = Sphere(vector(x, radius, z), radius, color, ONE / 5);
            }
        }
    }

    function sunDirection() private pure returns (Vector memory) {
        // (-0.64, 0.48, 0.6)
        return vector(-ONE * 16 / 25, ONE * 12 / 25, ONE * 3 / 5);
    }

    function sunColor() private pure returns (Vector memory) {
        return vector(ONE * 6 / 5, ONE, ONE * 7 / 10);
    }

    /// To 0..255, with a square root for a gamma curve.
    function tone(int256 light) private pure returns (uint256) {
        unchecked {
            if (light <= 0) return 0;
            if (light >= ONE) return 255;
            return (root(uint256(light << 32)) * 255) >> 32;
        }
    }

    function vector(int256 x, int256 y, int256 z) private pure returns (Vector memory) {
        return Vector(x, y, z);
    }

    function add(Vector memory a, Vector memory b) private pure returns (Vector memory) {
        unchecked {
            return Vector(a.x + b.x, a.y + b.y, a.z + b.z);
        }
    }

    function sub(Vector memory a, Vector memory b) private pure returns (Vector memory) {
        unchecked {
            return Vector(a.x - b.x, a.y - b.y, a.z - b.z);
        }
    }

    function product(Vector memory a, Vector memory b) private pure returns (Vector memory) {
        unchecked {
            return Vector((a.x * b.x) >> 32, (a.y * b.y) >> 32, (a.z * b.z) >> 32);
        }
    }

    function scale(Vector memory a, int256 by) private pure returns (Vector memory) {
        unchecked {
            return Vector((a.x * by) >> 32, (a.y * by) >> 32, (a.z * by) >> 32);
        }
    }

    function dot(Vector memory a, Vector memory b) private pure returns (int256) {
        unchecked {
            return (a.x * b.x + a.y * b.y + a.z * b.z) >> 32;
        }
    }

    function reflect(Vector memory direction, Vector memory normal) private pure returns (Vector memory) {
        unchecked {
            return sub(direction, scale(normal, 2 * dot(direction, normal)));
        }
    }

    function normalize(Vector memory a) private pure returns (Vector memory) {
        unchecked {
            return scale(a, (ONE << 32) / int256(root(uint256(dot(a, a) << 32))));
        }
    }

    /// Whole square root by Newton's method, from a power of two above it.
    function root(uint256 a) private pure returns (uint256 y) {
        unchecked {
            if (a == 0) return 0;
            uint256 bits = 0;
            uint256 rest = a;
            if (rest >= 1 << 64) (rest, bits) = (rest >> 64, 64);
            if (rest >= 1 << 32) (rest, bits) = (rest >> 32, bits + 32);
            if (rest >= 1 << 16) (rest, bits) = (rest >> 16, bits + 16);
            if (rest >= 1 << 8) (rest, bits) = (rest >> 8, bits + 8);
            if (rest >= 1 << 4) (rest, bits) = (rest >> 4, bits + 4);
            if (rest >= 1 << 2) (rest, bits) = (rest >> 2, bits + 2);
            y = 1 << ((bits >> 1) + 1);
            for (;;) {
                uint256 next = (y + a / y) >> 1;
                if (next >= y) return y;
                y = next;
            }
        }
    }
}
