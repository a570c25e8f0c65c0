import { describe, expect, test } from 'vitest';
import { studentT } from '../../src/planner/student.js';

describe("Student's t", () => {
  // Two-sided points of the usual tables.
  test.each([
    [0.05, 1, 12.7062],
    [0.05, 2, 4.30265],
    [0.05, 9, 2.26216],
    [0.05, 30, 2.04227],
    [0.05, 120, 1.97993],
    [0.01, 5, 4.03214],
    [0.001, 10, 4.58689],
    [0.05, 1e9, 1.959964],
    [0.0294, 1e9, 2.1781],
  ])('exceeds with probability %d at %d degrees beyond %d', (alpha, degrees, t) => {
    expect(studentT(alpha, degrees)).toBeCloseTo(t, 4);
  });

  test('is there between whole degrees, and falls with them', () => {
    const at = [1, 1.5, 2, 2.5, 7.3, 8, 400.5].map((degrees) => studentT(0.05, degrees));
    expect([...at].sort((a, b) => b - a)).toEqual(at);
    // With one degree it is Cauchy's distribution.
    expect(studentT(0.2, 1)).toBeCloseTo(1 / Math.tan(0.1 * Math.PI), 10);
  });
});
