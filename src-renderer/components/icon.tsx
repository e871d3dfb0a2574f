/** The icons: strokes of 1.6 on a 24 grid, in the colour of the text around them. */

const paths = {
  add: 'M12 5v14M5 12h14',
  arrowRight: 'M5 12h14M13 6l6 6-6 6',
  broom: 'M14 4l-3.5 7M7 11l7 3.5M6.5 12c-.5 3-1.5 5-3 7 4 1.5 7 1 9 0 1-1.5 1.5-3 1.5-4.5',
  chart: 'M4 4v16h16M8 15l3-4 3 2 5-7',
  check: 'M5 12.500l4.5 4.500L19 7.5',
  chevronDown: 'M6 9l6 6 6-6',
  chevronRight: 'M9 6l6 6-6 6',
  chevronUp: 'M6 15l6-6 6 6',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4l2.5 2.5',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  data: 'M5 6.500C5 5 8 4 12 4s7 1 7 2.500S16 9 12 9 5 8 5 6.500M5 6.500v11C5 19 8 20 12 20s7-1 7-2.500v-11M5 12c0 1.5 3 2.5 7 2.500s7-1 7-2.5',
  distil: 'M9 4h6M10 4v5l-5 9c-.6 1.2.2 2 1.3 2h11.400c1.1 0 1.9-.8 1.3-2l-5-9V4M8 14h8',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  export: 'M12 15V4M8 8l4-4 4 4M5 13v6h14v-6',
  file: 'M7 3.500h7l4 4V20.500H7zM14 3.500v4h4',
  folder: 'M4 6.500h6l2 2h8v10H4z',
  home: 'M4 11l8-7 8 7M6.5 9.500V20h11V9.5',
  info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 11v5M12 8v.01',
  language: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M4 12h16M12 4c3 3 3 13 0 16M12 4c-3 3-3 13 0 16',
  model: 'M5 5h5v5H5zM14 14h5v5h-5zM10 7.500h6.500V14M7.5 10v6.500H14',
  monitor: 'M4 5h16v11H4zM9 20h6M12 16v4',
  moon: 'M19 14.500A7.5 7.5 0 0 1 9.5 5 7.5 7.5 0 1 0 19 14.5',
  prune: 'M6 7.500a2.5 2.5 0 1 0 0-.01M6 16.500a2.5 2.5 0 1 0 0-.01M10 9l9 7M10 15l9-7',
  quantize: 'M4 18h4v-4h4v-4h4V6h4',
  recipe: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.800v4.400M9 14.800v4.4',
  redo: 'M19 9h-9a5 5 0 0 0 0 10h4M15 5l4 4-4 4',
  rename: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  retry: 'M19 12a7 7 0 1 1-2-5M19 4v4h-4',
  run: 'M8 5l11 7-11 7z',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15.5 15.500L20 20',
  settings: 'M4 8h10M18 8h2M4 16h2M10 16h10M16 6v4M8 14v4',
  sparkle: 'M12 4l2 6 6 2-6 2-2 6-2-6-6-2 6-2z',
  stop: 'M7 7h10v10H7z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13',
  undo: 'M5 9h9a5 5 0 0 1 0 10h-4M9 5L5 9l4 4',
  warning: 'M12 4.500l8.5 15h-17zM12 10v4M12 16.800v.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.7}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: 'none' }}
    >
      <path d={paths[name]} />
    </svg>
  );
}
