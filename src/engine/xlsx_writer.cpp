#include "engine/xlsx_writer.hpp"

#include "pg/args.hpp"

#include <charconv>
#include <fstream>
#include <vector>
#include <xlsxwriter.h>

extern "C" {
#include "common/file_utils.h"
#include "miscadmin.h"
#include "storage/fd.h"
}

namespace analytics::engine {
namespace {

constexpr std::size_t most_rows = 1'048'575, most_columns = 16'384, most_characters = 32'767;

void check(lxw_error error) {
    if (error != LXW_NO_ERROR)
        throw pg::Error(ERRCODE_IO_ERROR, "the workbook could not be written", lxw_strerror(error));
}

/// A file that is gone when this is. PostgreSQL removes files of this name that a crash has left when it starts.
class TemporaryFile {
  public:
    TemporaryFile() {
        pg::call([] { (void)MakePGDirectory("base/" PG_TEMP_FILES_DIR); });  // fails where it is there: all the same
        static int count = 0;
        path_ = "base/" PG_TEMP_FILES_DIR "/" PG_TEMP_FILE_PREFIX + std::to_string(MyProcPid) + ".xlsx." +
                std::to_string(++count);
    }
    ~TemporaryFile() { (void)std::remove(path_.c_str()); }
    TemporaryFile(const TemporaryFile &) = delete;
    TemporaryFile &operator=(const TemporaryFile &) = delete;
    const std::string &path() const { return path_; }

  private:
    std::string path_;
};

std::size_t characters(std::string_view text) {
    std::size_t n = 0;
    for (char const c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return n;
}

class XlsxWriter : public core::TableWriter {
  public:
    XlsxWriter(std::span<const core::TableColumn> columns, std::string_view sheet)
        : columns_(columns.begin(), columns.end()) {
        if (columns_.size() > most_columns) too_large("columns", columns_.size(), most_columns);
        std::string folder = "base/" PG_TEMP_FILES_DIR;
        lxw_workbook_options options{};
        options.constant_memory = LXW_TRUE;
        options.tmpdir = folder.data();
        book_ = workbook_new_opt(file_.path().c_str(), &options);
        if (book_ == nullptr) throw std::bad_alloc();
        sheet_ = workbook_add_worksheet(book_, std::string(sheet.substr(0, 31)).c_str());
        if (sheet_ == nullptr) throw pg::Error(ERRCODE_IO_ERROR, "the workbook could not be written");
        lxw_format *const bold = workbook_add_format(book_);
        format_set_bold(bold);
        time_ = workbook_add_format(book_);
        format_set_num_format(time_, "yyyy-mm-dd hh:mm:ss");
        for (std::size_t i = 0; i < columns_.size(); ++i)
            check(worksheet_write_string(sheet_, 0, static_cast<lxw_col_t>(i), columns_[i].name.c_str(), bold));
        worksheet_freeze_panes(sheet_, 1, 0);
    }
    ~XlsxWriter() override {
        if (book_ != nullptr) (void)workbook_close(book_);  // frees it; the file goes with it
    }
    void row(std::span<const core::Cell> cells) override {
        if (++rows_ > most_rows) too_large("rows", rows_, most_rows);
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (cells[i]) write(static_cast<lxw_row_t>(rows_), static_cast<lxw_col_t>(i), *cells[i], columns_[i].kind);
    }
    void end() override {
        check(workbook_close(std::exchange(book_, nullptr)));
        written_.open(file_.path(), std::ios::binary);
        if (!written_) throw pg::Error(ERRCODE_IO_ERROR, "the workbook could not be read back");
    }
    std::string take() override {
        if (!written_.is_open()) return {};
        std::string piece(std::size_t{1} << 20, '\0');
        written_.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        if (written_.bad()) throw pg::Error(ERRCODE_IO_ERROR, "the workbook could not be read back");
        piece.resize(static_cast<std::size_t>(written_.gcount()));
        return piece;
    }

  private:
    [[noreturn]] static void too_large(const char *what, std::size_t given, std::size_t most) {
        throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "the answer does not fit into a spreadsheet",
                        "It has " + std::to_string(given) + " " + what + " or more; a sheet holds " +
                            std::to_string(most) + ".",
                        "Ask for fewer, or for format csv or jsonl.");
    }
    void write(lxw_row_t row, lxw_col_t column, std::string_view text, core::ColumnKind kind) {
        switch (kind) {
        case core::ColumnKind::number: {
            double value = 0;
            auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            std::size_t digits = 0;
            for (char const c : text) digits += c >= '0' && c <= '9';
            if (error == std::errc() && end == text.data() + text.size() && digits <= 15) {
                check(worksheet_write_number(sheet_, row, column, value, nullptr));
                return;
            }
            break;
        }
        case core::ColumnKind::boolean:
            check(worksheet_write_boolean(sheet_, row, column, text == "t" ? 1 : 0, nullptr));
            return;
        case core::ColumnKind::time: {
            lxw_datetime at{};
            // 2026-03-02T10:00:00.123+00:00
            if (text.size() >= 19 && text[4] == '-' && text[10] == 'T' &&
                (text.ends_with("+00:00") || text.size() == 19)) {
                auto const part = [&](std::size_t from, std::size_t length) {
                    int value = 0;
                    (void)std::from_chars(text.data() + from, text.data() + from + length, value);
                    return value;
                };
                at.year = part(0, 4), at.month = part(5, 2), at.day = part(8, 2);
                at.hour = part(11, 2), at.min = part(14, 2);
                std::string const seconds(text.substr(17, text.find('+', 17) - 17));
                at.sec = std::strtod(seconds.c_str(), nullptr);
                if (at.year >= 1900) {
                    check(worksheet_write_datetime(sheet_, row, column, &at, time_));
                    return;
                }
            }
            break;
        }
        case core::ColumnKind::text:
        case core::ColumnKind::json:
            break;
        }
        if (characters(text) > most_characters) too_large("characters in a cell", characters(text), most_characters);
        check(worksheet_write_string(sheet_, row, column, std::string(text).c_str(), nullptr));
    }

    TemporaryFile file_;
    std::ifstream written_;
    std::vector<core::TableColumn> columns_;
    lxw_workbook *book_ = nullptr;
    lxw_worksheet *sheet_ = nullptr;
    lxw_format *time_ = nullptr;
    std::size_t rows_ = 0;
};

}  // namespace

std::unique_ptr<core::TableWriter> xlsx_writer(std::span<const core::TableColumn> columns, std::string_view sheet) {
    return std::make_unique<XlsxWriter>(columns, sheet);
}

}  // namespace analytics::engine
