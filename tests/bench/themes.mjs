// What the pictures of `make bench-chart` have in common.
export const themes = {
    light: { text: '#1f2328', faint: '#656d76', grid: '#d1d9e0', ours: '#0969da' },
    dark: { text: '#f0f6fc', faint: '#9198a1', grid: '#3d444d', ours: '#58a6ff' },
};

export const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
