"use strict";
// Draws the pictures that the data names, with Chart.js. A canvas that has been drawn gets
// data-drawn, with the number of figures in it.

const pictures = JSON.parse(document.getElementById("data").textContent).pictures;

// Readable on light and on dark ground.
const palette = ["#3f7fd9", "#e0832b", "#2f9e6e", "#b45fc6", "#d1495b", "#8a8f2a", "#2aa3b5", "#8c6d5a"];
const profileColours = {bare: "#8b94a1", classic: "#3f7fd9", hardened: "#e0832b", modern: "#2f9e6e"};
const markers = {native: "circle", eager: "triangle", lazy: "rect"};
const dashes = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

// The same name (an exit reason, "guest") has the same colour in every picture.
const colours = new Map();
function colourOf(name) {
    if (!colours.has(name)) {
        colours.set(name, palette[colours.size % palette.length]);
    }
    return colours.get(name);
}

function themeColour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function bars(picture) {
    return picture.series.map((series) => ({
        label: series.name,
        data: series.figures,
        backgroundColor: colourOf(series.name),
        maxBarThickness: 18,
    }));
}

function lines(picture) {
    const lowest = lowestLine(picture);
    return picture.series.map((series) => ({
        label: series.name,
        data: series.figures.map((figure) => (figure === 0 ? lowest : figure)),
        borderColor: profileColours[series.profile],
        backgroundColor: profileColours[series.profile],
        pointStyle: markers[series.interface],
        pointRadius: 4,
        borderWidth: 2,
        borderDash: dashes[series.file % dashes.length],
        spanGaps: true,
    }));
}

function figuresOf(picture) {
    return picture.series.flatMap((series) => series.figures).filter((figure) => figure !== null);
}

// Lines whose figures differ by more than a factor of 30 get a logarithmic scale. Zero, which such a
// scale does not have, then lies on its lowest line, which is labelled "0".
function lowestLine(picture) {
    const positive = figuresOf(picture).filter((figure) => figure > 0);
    const isWide = positive.length > 0 && Math.max(...positive) > 30 * Math.min(...positive);
    return picture.kind === "lines" && isWide ? 10 ** (Math.floor(Math.log10(Math.min(...positive))) - 1) : 0;
}

function valueScale(picture) {
    const lowest = lowestLine(picture);
    const scale = {
        grid: {color: themeColour("--line")},
        stacked: picture.kind === "bars",
        beginAtZero: true,
    };
    if (lowest > 0) {
        const isPowerOfTen = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
        scale.type = "logarithmic";
        scale.min = figuresOf(picture).includes(0) ? lowest : undefined;
        scale.ticks = {
            callback: (value) => {
                if (value === scale.min) {
                    return "0";
                }
                return isPowerOfTen(value) ? value.toLocaleString("en") : "";
            },
        };
    }
    return scale;
}

function rowScale(picture) {
    return {
        title: {display: picture.kind === "lines", text: picture.rowTitle},
        grid: {display: false},
        stacked: picture.kind === "bars",
        ticks: {autoSkip: picture.kind === "lines"},
    };
}

function tooltip(series, row) {
    const figure = series.figures[row];
    return `${series.name}: ${figure === null ? "not measured" : figure.toLocaleString("en")}`;
}

function options(picture) {
    const isBars = picture.kind === "bars";
    return {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: isBars ? "y" : "x",
        interaction: {mode: isBars ? "index" : "nearest", axis: isBars ? "y" : "xy", intersect: false},
        scales: isBars
            ? {x: valueScale(picture), y: rowScale(picture)}
            : {x: rowScale(picture), y: valueScale(picture)},
        plugins: {
            legend: {position: "bottom", labels: {usePointStyle: !isBars, boxWidth: 12, boxHeight: isBars ? 12 : 6}},
            tooltip: {callbacks: {label: (item) => tooltip(picture.series[item.datasetIndex], item.dataIndex)}},
        },
    };
}

function isBlank(canvas) {
    if (canvas.width === 0 || canvas.height === 0) {
        return true;
    }
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return !pixels.some((value) => value !== 0);
}

function draw(picture) {
    const canvas = document.getElementById(picture.id);
    if (picture.kind === "bars") {
        canvas.parentElement.style.height = `${110 + 24 * picture.rows.length}px`;
    }
    const chart = new Chart(canvas, {
        type: picture.kind === "bars" ? "bar" : "line",
        data: {labels: picture.rows, datasets: picture.kind === "bars" ? bars(picture) : lines(picture)},
        options: options(picture),
    });
    if (!isBlank(canvas)) {
        canvas.dataset.drawn = figuresOf(picture).length;
    }
    return chart;
}

let charts = [];
function drawAll() {
    charts.forEach((chart) => chart.destroy());
    Chart.defaults.color = themeColour("--text");
    Chart.defaults.font.family = "system-ui, sans-serif";
    charts = pictures.map(draw);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
