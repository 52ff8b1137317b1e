/**
 * Schedules of timer triggers: NCRONTAB (`{second} {minute} {hour} {day} {month} {day-of-week}`, or five fields
 * from the minute on) and time spans (`00:05:00`). All in UTC, the default of Azure.
 */
import { timeSpanMs } from "../settings.js";

/** The first moment strictly after `afterMs` at which the schedule is due. */
export type Schedule = (afterMs: number) => number;

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const fields = {
  second: { min: 0, max: 59 },
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  day: { min: 1, max: 31 },
  month: {
    min: 1,
    max: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  weekday: { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
} satisfies Record<string, Field>;

/** No rule that can ever be due waits longer: 29 February on a given weekday comes within 40 years. */
const HORIZON_YEARS = 41;

export function parseSchedule(text: string, where: string): Schedule {
  if (/^(\d+\.)?\d{1,2}:\d{2}:\d{2}$/.test(text)) {
    const everyMs = timeSpanMs(text, where);
    if (everyMs <= 0) throw new Error(`${where}: the schedule "${text}" must be longer than nothing.`);
    return (afterMs) => afterMs + everyMs;
  }
  const parts = text.trim().split(/\s+/);
  if (parts.length === 5) parts.unshift("0");
  if (parts.length !== 6)
    throw new Error(`${where}: the schedule "${text}" has ${parts.length} fields; NCRONTAB has 5 or 6.`);
  const [seconds, minutes, hours, days, months, weekdays] = Object.values(fields).map((field: Field, index) =>
    parseField(parts[index] ?? "*", field, `${where}: schedule "${text}"`),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];

  return (afterMs) => {
    const at = new Date(Math.floor(afterMs / 1000) * 1000 + 1000);
    const lastYear = at.getUTCFullYear() + HORIZON_YEARS;
    while (at.getUTCFullYear() < lastYear) {
      if (!months.has(at.getUTCMonth() + 1)) {
        at.setUTCMonth(at.getUTCMonth() + 1, 1);
        at.setUTCHours(0, 0, 0);
      } else if (!days.has(at.getUTCDate()) || !weekdays.has(at.getUTCDay())) {
        at.setUTCDate(at.getUTCDate() + 1);
        at.setUTCHours(0, 0, 0);
      } else if (!hours.has(at.getUTCHours())) at.setUTCHours(at.getUTCHours() + 1, 0, 0);
      else if (!minutes.has(at.getUTCMinutes())) at.setUTCMinutes(at.getUTCMinutes() + 1, 0);
      else if (!seconds.has(at.getUTCSeconds())) at.setUTCSeconds(at.getUTCSeconds() + 1);
      else return at.getTime();
    }
    throw new Error(`${where}: the schedule "${text}" is never due.`);
  };
}

function parseField(text: string, { min, max, names }: Field, where: string): Set<number> {
  const number = (token: string) => {
    const named = names?.indexOf(token.slice(0, 3).toLowerCase()) ?? -1;
    const value = named >= 0 && /^[a-z]+$/i.test(token) ? named + min : Number(token);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new Error(`${where}: "${token}" is not between ${min} and ${max}.`);
    }
    return value;
  };
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", stepText] = item.split("/");
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) throw new Error(`${where}: "/${stepText ?? ""}" is no step.`);
    const [from = "", to] = range === "*" ? [String(min), String(max)] : range.split("-");
    const first = number(from);
    const last = to === undefined ? (stepText === undefined ? first : max) : number(to);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}
